import Foundation
import Testing

/// The `lookaside` command as its users type it.
struct CommandLineTests {
    private struct Result {
        let status: Int32
        let output: String
        let errors: String
    }

    private func run(_ arguments: String...) throws -> Result { try run(arguments) }

    private func run(_ arguments: [String]) throws -> Result {
        let process = Process()
        process.executableURL = URL(filePath: LookasideProcess.binary)
        process.arguments = arguments
        let output = Pipe()
        let errors = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let outputText = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let errorText = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Result(status: process.terminationStatus, output: outputText, errors: errorText)
    }

    private func withFile<R>(_ content: String, _ body: (String) throws -> R) throws -> R {
        let file = FileManager.default.temporaryDirectory.appending(path: "lookaside-\(UUID().uuidString).yaml")
        try Data(content.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try body(file.path)
    }

    @Test func `help names every command and its exit statuses`() throws {
        let help = try run("--help")
        #expect(help.status == 0)
        for word in ["serve", "check-config", "demo", "Exit status: 0", "1 when", "2 for", "64 for"] { #expect(help.output.contains(word)) }
        for command in ["serve", "check-config", "demo"] {
            let help = try run("help", command)
            #expect(help.output.contains("USAGE: lookaside \(command)"))
        }
    }

    @Test func `the version is a number`() throws {
        let version = try run("--version").output
        #expect(version.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
    }

    @Test func `a valid configuration is said to be valid`() throws {
        let result = try withFile("listen: 127.0.0.1:8080\npolicy: random") { try run("check-config", $0) }
        #expect(result.status == 0)
        #expect(result.output.hasSuffix(": valid\n"))
    }

    @Test(arguments: ["check-config", "serve"])
    func `every error of a configuration is said, with its place`(command: String) throws {
        let result = try withFile("listen: here\nworkerz: 1\nworkers: -1\ntls: { cert_file: a, key_file: b }\n") { file in
            try command == "serve" ? run("serve", "--config", file) : run("check-config", file)
        }
        #expect(result.status == 2)
        for place in [":1:", ":2:", ":3:", ":4:"] { #expect(result.errors.contains(place)) }
        #expect(result.errors.contains("not in this version yet"))
    }

    @Test func `a missing configuration is named`() throws {
        let result = try run("serve", "--config", "/nowhere/lookaside.yaml")
        #expect(result.status == 2)
        #expect(result.errors.contains("/nowhere/lookaside.yaml"))
    }

    @Test(arguments: [["serve", "--config"], ["demo", "--port"]])
    func `a port in use is named and the exit status is 1`(command: [String]) async throws {
        let server = try await LookasideProcess(configuration: "", files: ["peers.yaml": "services: {}"])
        let result =
            try command[0] == "demo"
            ? run("demo", "--port", "\(server.port)")
            : withFile("listen: 127.0.0.1:\(server.port)") { try run("serve", "--config", $0) }
        #expect(result.status == 1)
        #expect(result.errors.contains("127.0.0.1:\(server.port)"))
    }

    @Test(arguments: [["serve", "--lisen", "x"], ["demo", "--port", "65536"], ["demo", "--port", "x"], ["check-config"], ["pick"]])
    func `arguments that are not understood are a usage error`(arguments: [String]) throws {
        let result = try run(arguments)
        #expect(result.status == 64)
        #expect(result.errors.contains("Usage: lookaside"))
    }

    @Test func `an address that is none is a usage error`() throws {
        let result = try withFile("") { try run("serve", "--config", $0, "--listen", "8080") }
        #expect(result.status == 64)
        #expect(result.errors.contains("--listen") && result.errors.contains("127.0.0.1:8080"))
    }
}

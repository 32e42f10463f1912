import Foundation
import Testing

/// `deploy/quickstart` up to where it would build: the `swift` it finds here only says a version and notes what it is asked.
final class QuickstartTests {
    private struct Outcome {
        let status: Int32
        let errors: String
        /// What `swift` was asked beside its version; empty: nothing was built.
        let built: String
    }

    private static let quickstart = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../deploy/quickstart").path
    private let directory = FileManager.default.temporaryDirectory.appending(path: "lookaside-quickstart-\(UUID().uuidString)")

    deinit { try? FileManager.default.removeItem(at: directory) }

    private func run(_ arguments: [String], swift version: String = "Swift version 6.2 (swift-6.2-RELEASE)") throws -> Outcome {
        let notes = directory.appending(path: "asked")
        let swift = directory.appending(path: "swift")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try Data(
            """
            #!/bin/sh
            if [ "$1" = --version ]; then echo '\(version)'; exit 0; fi
            echo "$@" >>'\(notes.path)'
            exit 3
            """.utf8
        ).write(to: swift)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: swift.path)

        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["bash", Self.quickstart] + arguments
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        process.environment = ProcessInfo.processInfo.environment.merging(["PATH": "\(directory.path):\(path)"]) { $1 }
        let errors = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = errors
        try process.run()
        let errorText = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus,
            errors: errorText,
            built: (try? String(contentsOf: notes, encoding: .utf8)) ?? ""
        )
    }

    @Test(arguments: [
        ["--port", "x"], ["--port", "65536"], ["--port", "-1"], ["--port="], ["--port", ""], ["--port"], ["--prot", "8080"], ["8080"],
    ])
    func `what is not its usage ends with status 2, and nothing is built`(arguments: [String]) throws {
        let outcome = try run(arguments)
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("port"))
        #expect(outcome.built == "")
    }

    @Test func `a busy port is named, with status 1, and nothing is built`() async throws {
        let server = try await LookasideProcess(configuration: "", files: ["peers.yaml": "services: {}"])
        for arguments in [["--port", "\(server.port)"], ["--port=\(server.port)"]] {
            let outcome = try run(arguments)
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("Port \(server.port) "))
            #expect(outcome.built == "")
        }
    }

    @Test(arguments: ["5.10.1", "6.0.3", "6.1"])
    func `a Swift that is too old is named, and nothing is built`(version: String) throws {
        let outcome = try run(["--port", "0"], swift: "Swift version \(version) (swift-\(version)-RELEASE)")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("6.2 or later") && outcome.errors.contains(version.prefix(3)))
        #expect(outcome.built == "")
    }

    @Test(arguments: ["6.2", "6.3.1", "6.10", "7.0", "10.0-dev"])
    func `a Swift that is new enough is asked to build`(version: String) throws {
        let outcome = try run(["--port", "0"], swift: "Swift version \(version) (swift-\(version)-RELEASE)")
        #expect(outcome.status == 3)
        #expect(outcome.built == "build --configuration release --product lookaside\n")
    }
}

import ArgumentParser
import Foundation
import LookasideServer

/// `lookaside demo`.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Start three small HTTP backends and a server over them, and say what to try with curl."
    )

    @Option(help: "The port to serve on, on 127.0.0.1; 0: any free one.")
    var port = 8080

    func validate() throws {
        guard 0...65535 ~= port else { throw ValidationError("--port: found \(port), allowed is 0 to 65535") }
    }

    func run() async throws {
        try await orExit { [port] () async throws(StartError) in
            try await Demo(port: port, log: ServerLog()).run {
                // Not print, which keeps the text back while standard output is a pipe or a file.
                FileHandle.standardOutput.write(Data("\($0)\n\n".utf8))
            }
        }
    }
}

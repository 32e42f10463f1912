import Foundation
import Glibc
import Testing

/// What the real server logs.
struct LogSystemTests {
    private struct Line: Decodable {
        let time: String
        let level: String
        let message: String
        let metadata: [String: String]
    }

    @Test func `as JSON every line is one object, whatever its texts hold`() async throws {
        // The reason why this file is not valid has lines of its own.
        let server = try await LookasideProcess(
            configuration: "log: { format: json, level: trace }",
            files: ["peers.yaml": "services: {web: {\n\u{9}"]
        )
        try await server.wait("the reason") { server.log.contains("peers.yaml") }
        server.signal(SIGTERM)
        #expect(try await server.exitStatus() == 0)
        let lines = try server.log.split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
        #expect(lines.contains { $0.message == "listening" && $0.level == "notice" && $0.metadata["port"] == "\(server.port)" })
        #expect(lines.last?.message == "stopped")
        for line in lines { _ = try Date(line.time, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)) }
    }
}

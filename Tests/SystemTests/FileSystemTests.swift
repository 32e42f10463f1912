import Foundation
import Glibc
import HTTPTransport
import Testing

/// The real server over a peers file, and what editors do to it.
struct FileSystemTests {
    private func start(_ peers: String?) async throws -> LookasideProcess {
        try await LookasideProcess(configuration: "", files: peers.map { ["peers.yaml": $0] } ?? [:])
    }

    private func write(_ peers: String, of server: LookasideProcess) throws {
        try Data(peers.utf8).write(to: server.directory.appending(path: "peers.yaml"))
    }

    @Test func `a change of the file is in picks, whichever way it is written`() async throws {
        let server = try await start(#"services: { web: { "10.0.0.1:80": { weight: 1 } } }"#)
        try await server.waitFor("web", ["10.0.0.1:80": 1])
        try write(#"services: { web: { "10.0.0.1:80": { weight: 2 } } }"#, of: server)
        try await server.waitFor("web", ["10.0.0.1:80": 2])
        let other = server.directory.appending(path: "peers.new")
        try Data(#"{"services":{"web":{"10.0.0.1:80":{"weight":3}}}}"#.utf8).write(to: other)
        #expect(rename(other.path, server.directory.appending(path: "peers.yaml").path) == 0)
        try await server.waitFor("web", ["10.0.0.1:80": 3])
        try write("services: {}", of: server)
        try await server.waitFor("web", [:])
    }

    @Test(arguments: ["", "services: {web: {", "peers: {}", "services: 5"])
    func `a file that is not valid leaves the last good peers and says why`(broken: String) async throws {
        let server = try await start(#"services: { web: { "10.0.0.1:80": {} } }"#)
        try await server.waitFor("web", ["10.0.0.1:80": 100])
        try write(broken, of: server)
        try await server.wait("the reason") { try await server.json("/stats", as: StatisticsBody.self).sources[0].lastError.contains("peers.yaml") }
        #expect(try await server.get("/pick/web").status == 200)
        try write(#"services: { web: { "10.0.0.2:80": {} } }"#, of: server)
        try await server.waitFor("web", ["10.0.0.2:80": 100])
        #expect(try await server.json("/stats", as: StatisticsBody.self).sources[0].lastError == "")
    }

    @Test func `a file that disappears leaves its peers, one that is missing at the start makes the server wait for it`() async throws {
        let server = try await start(nil)
        try await server.wait("not ready, with the reason") {
            let isReady = try await server.get("/readyz").status != 503
            let reason = try await server.json("/stats", as: StatisticsBody.self).sources[0].lastError
            return !isReady && reason.contains("peers.yaml")
        }
        try write(#"services: { web: { "10.0.0.1:80": {} } }"#, of: server)
        try await server.wait("ready") { try await server.get("/readyz").status == 200 }
        #expect(try await server.weights("web") == ["10.0.0.1:80": 100])
        try FileManager.default.removeItem(at: server.directory.appending(path: "peers.yaml"))
        try await server.wait("the reason") { try await server.json("/stats", as: StatisticsBody.self).sources[0].lastError != "" }
        #expect(try await server.get("/pick/web").status == 200)
        #expect(try await server.get("/readyz").status == 200)
    }

    @Test func `the first pick answers within seconds of the start`() async throws {
        let began = ContinuousClock.now
        let server = try await start(#"services: { web: { "10.0.0.1:80": {} } }"#)
        try await server.wait("a pick") { try await server.get("/pick/web").status == 200 }
        #expect(began.duration(to: .now) < .seconds(10))
    }
}

import Foundation
import HTTPTransport
import TestSupport
import Testing

/// The real server over a real cluster of three members.
struct EtcdFailoverTests {
    private static let prefix = "/v1/testing/services/"
    private let members: [EtcdProcess]

    init() async throws {
        members = try await EtcdProcess.cluster(of: 3)
    }

    private func start(_ more: String = "") async throws -> LookasideProcess {
        let endpoints = members.map(\.url).joined(separator: ", ")
        return try await LookasideProcess(configuration: "sources:\n  - etcd: { endpoints: [\(endpoints)] }\n\(more)")
    }

    /// Puts a peer when the member takes it: one that was left by its leader takes nothing until there is another. A second time changes nothing.
    private func put(_ key: String, weight: Int, at member: EtcdProcess) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            do {
                return try member.put(Self.prefix + key, #"{"weight":\#(weight)}"#)
            } catch {
                guard ContinuousClock.now < deadline else { throw error }
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// The member that the server uses.
    private func memberInUse(_ server: LookasideProcess) async throws -> EtcdProcess {
        let endpoint = try await server.source().endpoint
        return try #require(members.first { $0.url == "http://\(endpoint)" })
    }

    @Test func `when the member in use is killed, then another, and both come back, nothing is lost and picks go on`() async throws {
        try await put("web/10.0.0.1:80", weight: 1, at: members[0])
        let server = try await start()
        try await server.waitFor("web", ["10.0.0.1:80": 1])
        let client = PickingClient(server, service: "web")

        let first = try await memberInUse(server)
        first.kill()
        try await server.wait("another member is used") {
            let source = try await server.source()
            return source.state == "watching" && "http://\(source.endpoint)" != first.url
        }
        let second = try await memberInUse(server)
        let third = try #require(members.first { $0 !== first && $0 !== second })
        try await put("web/10.0.0.2:80", weight: 2, at: second)
        try await server.waitFor("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2])

        // One member of three has no leader: it is left, and nobody else is there.
        second.kill()
        try await server.wait("no member works", within: .seconds(30)) {
            try await server.source().lastError.hasPrefix("none of 3 endpoints works: ")
        }
        try await server.wait("the source is named as degraded") {
            let answer = try await server.get("/readyz")
            return answer.status == 200 && String(decoding: answer.body, as: UTF8.self).contains(#""source":"etcd""#)
        }
        #expect(try await server.weights("web")?.count == 2)

        try first.launch()
        try await third.start()
        try await second.start()
        try await first.waitUntilHealthy()
        try await put("web/10.0.0.3:80", weight: 3, at: third)
        try await server.waitFor("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2, "10.0.0.3:80": 3], within: .seconds(30))
        #expect(try await client.stop() == [200])
        #expect(try await server.source().lists == 1)
    }

    @Test func `a member that loses its leader is left while it still answers`() async throws {
        let server = try await start()
        try await server.wait("ready") { try await server.get("/readyz").status == 200 }
        let used = try await memberInUse(server)
        for member in members where member !== used { member.kill() }
        try await server.wait("the member is left for want of a leader", within: .seconds(30)) {
            try await server.source().lastError.contains("no leader")
        }
    }

    @Test(.enabled(if: runsSlowTests)) func `a member in use that freezes is left within 90 seconds`() async throws {
        try await put("web/10.0.0.1:80", weight: 1, at: members[0])
        let server = try await start()
        try await server.waitFor("web", ["10.0.0.1:80": 1])
        let client = PickingClient(server, service: "web")
        let used = try await memberInUse(server)
        used.freeze()
        let other = try #require(members.first { $0 !== used })
        try await put("web/10.0.0.2:80", weight: 2, at: other)
        try await server.waitFor("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2], within: .seconds(90))
        used.thaw()
        try await put("web/10.0.0.3:80", weight: 3, at: other)
        try await server.waitFor("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2, "10.0.0.3:80": 3])
        #expect(try await client.stop() == [200])
        #expect(try await server.source().lists == 1)
    }
}

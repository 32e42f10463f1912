import Foundation
import Glibc
import HTTPTransport
import Testing

/// What SIGHUP takes over beside thresholds, which HealthSystemTests hold.
struct ReloadSystemTests {
    private struct Lease: Decodable {
        let validSeconds: Double

        enum CodingKeys: String, CodingKey {
            case validSeconds = "valid_seconds"
        }
    }

    private struct Traffic: Decodable {
        let requests: Int
    }

    private static let outcome = #"{"service":"web","peer":"10.0.0.1:80","status":200}"#

    /// Has the server read another configuration, and waits until it has.
    private func reload(_ server: LookasideProcess, _ configuration: String) async throws {
        let before = server.log.matches(of: /the configuration was read again/).count
        try server.write("lookaside.yaml", configuration)
        server.signal(SIGHUP)
        try await server.wait("the reload") { server.log.matches(of: /the configuration was read again/).count > before }
    }

    @Test func `ejections and statistics stay, and rules of single services follow`() async throws {
        let peers = (1...4).map { "\"10.0.0.\($0):80\": {}" }.joined(separator: ", ")
        let server = try await LookasideProcess(
            configuration: "health_check: { enabled: false }",
            files: ["peers.yaml": "services: { web: { \(peers) } }"]
        )
        try await server.wait("four peers") { try await server.weights("web")?.count == 4 }
        try await server.report(#""error":"timeout""#, times: 5, of: "10.0.0.1:80")
        try await server.waitForEvent("ejected", of: "10.0.0.1:80")

        let rules = "{ policy: random, panic_threshold: 0.9, slow_start: 5, log_check: { enabled: false } }"
        try await reload(server, "health_check: { enabled: false }\nservices: { we*: \(rules) }\n")
        // Three of four are fewer than nine tenths.
        try await server.wait("panic") { try await server.json("/pick/web", as: PickBody.self).panic == true }
        let explanation = try await server.json("/explain/web", as: ExplanationBody.self)
        #expect(explanation.policy == "random" && explanation.eligible == 3)
        #expect(explanation.peers.first?.health == "ejected" && explanation.peers.first?.evidence.run == 5)
        try await server.wait("the outcomes of before") { try await server.json("/stats/web?window=60", as: Traffic.self).requests == 5 }
        #expect(try await server.events().map(\.to) == ["ejected"])
    }

    @Test func `leases, limits, metrics, staleness and the log follow a new configuration at once`() async throws {
        let server = try await LookasideProcess(
            configuration: "log: { level: notice }",
            files: ["peers.yaml": "services: { web: { \"10.0.0.1:80\": {} } }"]
        )
        try await server.waitFor("web", ["10.0.0.1:80": 100])
        let twoKilobytes = "[\(Array(repeating: Self.outcome, count: 40).joined(separator: ","))]"
        #expect(try await server.post("/report", twoKilobytes).status == 200)
        #expect(try await !String(decoding: server.get("/metrics").body, as: UTF8.self).contains("lookaside_peer_outcomes_total"))

        try await reload(
            server,
            """
            listen: 127.0.0.1:1
            lease: { valid: 2m }
            limits: { body_bytes: 1024 }
            metrics: { per_peer: true }
            health_check: { enabled: false, concurrency: 7 }
            stale_after: 50ms
            ready_timeout: 5
            shutdown_timeout: 3
            log: { level: trace, format: json }
            """
        )
        #expect(try await server.json("/pick/web?n=2", as: Lease.self).validSeconds == 120)
        #expect(try await server.post("/report", twoKilobytes).status == 413)
        #expect(try await server.post("/report", Self.outcome).status == 200)
        #expect(try await String(decoding: server.get("/metrics").body, as: UTF8.self).contains("lookaside_peer_outcomes_total"))
        let lines = server.log.split(separator: "\n").filter { $0.hasPrefix("{") }
        #expect(lines.contains { $0.contains("the configuration was read again") })
        // The only key of these that has to wait for a restart.
        #expect(lines.contains { $0.contains(#""keys":"listen""#) })
        try FileManager.default.removeItem(at: server.directory.appending(path: "peers.yaml"))
        try await server.wait("stale picks") { try await server.json("/pick/web", as: PickBody.self).stale == true }

        try await reload(server, "stale_after: 0\nhealth_check: { enabled: false }\n")
        try await server.wait("picks that are never stale") { try await server.json("/pick/web", as: PickBody.self).stale == nil }
        // Like at the start, except for the address: so says the second reload as well.
        #expect(server.log.split(separator: "\n").last { $0.contains("need a restart") }?.contains("listen") == true)
    }
}

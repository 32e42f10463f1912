import Foundation
import HTTPTransport
import Testing

/// Policies, keys and leases of the real server, as clients see them.
struct PolicySystemTests {
    private struct ExplanationBody: Decodable {
        struct Peer: Decodable {
            let peer: String
            let outstanding: Double?
            let latency_ms: Double?
        }

        let policy: String
        let peers: [Peer]
    }

    private struct PanicBody: Decodable, Equatable {
        let panic: Bool
        let eligible: Int
    }

    private static let peers = (1...4).map { "10.0.0.\($0):80" }

    private func start(_ settings: String, peers: [String] = Self.peers) async throws -> LookasideProcess {
        let listed = peers.map { "\"\($0)\": { weight: 100, slow_start: 0 }" }.joined(separator: ", ")
        let server = try await LookasideProcess(configuration: settings, files: ["peers.yaml": "services: { web: { \(listed) } }"])
        try await server.wait("the peers") { try await server.get("/pick/web?dry_run=1").status == 200 }
        return server
    }

    private func pick(_ server: LookasideProcess, _ query: String = "") async throws -> String {
        try await server.json("/pick/web\(query)", as: PickBody.self).peer
    }

    private func report(_ server: LookasideProcess, _ peer: String, milliseconds: Double) async throws {
        let outcome = #"{"service":"web","peer":"\#(peer)","status":200,"latency_ms":\#(milliseconds)}"#
        let answer = try await server.post("/report", outcome)
        #expect(answer.status == 200)
    }

    private func outstanding(_ server: LookasideProcess) async throws -> [Double?] {
        try await server.json("/explain/web", as: ExplanationBody.self).peers.map(\.outstanding)
    }

    @Test func `a peer whose requests do not end is left alone by least outstanding`() async throws {
        let server = try await start("policy: least_outstanding")
        var stuck: String?
        var picked: [String: Int] = [:]
        for _ in 0..<200 {
            let peer = try await pick(server)
            picked[peer, default: 0] += 1
            stuck = stuck ?? peer
            if peer != stuck { try await report(server, peer, milliseconds: 5) }
        }
        #expect(picked.count == 4 && picked[stuck ?? "", default: 0] < 10, "\(picked)")
    }

    @Test func `peak EWMA leaves a peer with the first slow answer that is reported`() async throws {
        let server = try await start("policy: peak_ewma", peers: Array(Self.peers.prefix(2)))
        for peer in Self.peers.prefix(2) { try await report(server, peer, milliseconds: 5) }
        try await report(server, Self.peers[0], milliseconds: 2000)
        for _ in 0..<50 {
            let peer = try await pick(server)
            #expect(peer == Self.peers[1])
            try await report(server, peer, milliseconds: 5)
        }
        let explained = try await server.json("/explain/web", as: ExplanationBody.self)
        #expect(explained.policy == "peak_ewma" && explained.peers.map { $0.latency_ms ?? 0 > 1000 } == [true, false])
    }

    @Test func `a key goes to the same peer on every replica and under every policy`() async throws {
        var answers: [[String]] = []
        for policy in ["weighted_round_robin", "random", "least_outstanding", "peak_ewma", "consistent_hash"] {
            let server = try await start("policy: \(policy)")
            answers.append([])
            for key in 0..<50 { answers[answers.count - 1].append(try await pick(server, "?key=user-\(key)")) }
        }
        #expect(Set(answers).count == 1)
        #expect(Set(answers[0]).count == 4)
    }

    @Test func `without a key consistent hash goes by the client's address`() async throws {
        let server = try await start("policy: consistent_hash")
        let address = try await pick(server, "?key=127.0.0.1")
        for _ in 0..<10 { #expect(try await pick(server) == address) }
    }

    @Test func `a retry without a key may go to any other peer, also where keys are hashed`() async throws {
        let server = try await start("policy: consistent_hash")
        let own = try await pick(server)
        let lease = try await server.json("/pick/web?n=60&exclude=\(own)", as: LeaseBody.self)
        #expect(Set(lease.peers.map(\.peer)) == Set(Self.peers).subtracting([own]))
        #expect(try await pick(server) == own)
    }

    @Test func `the first keys of a large service agree, however many come at once`() async throws {
        let peers = (0..<1100).map { "10.1.\($0 / 250).\($0 % 250):80" }
        let server = try await start("policy: least_outstanding", peers: peers)
        let picked = try await withThrowingTaskGroup(of: String.self, returning: Set<String>.self) { group in
            for _ in 0..<16 { group.addTask { try await pick(server, "?key=one") } }
            return try await group.reduce(into: []) { $0.insert($1) }
        }
        #expect(picked == [try await pick(server, "?key=one")])
        let lease = try await server.json("/pick/web?n=40&key=one", as: LeaseBody.self)
        #expect(lease.peers.count == 40 && Set(lease.peers.map(\.peer)) == picked)
    }

    @Test(arguments: ["weighted_round_robin", "random", "least_outstanding", "peak_ewma", "consistent_hash"])
    func `when no peer is well every policy picks all of them, and says so`(policy: String) async throws {
        // Nobody listens there.
        let peers = (1...3).map { "127.0.0.1:\($0)" }
        let server = try await start("policy: \(policy)\nhealth_check: { interval: 0.1, timeout: 0.5, fall: 1 }", peers: peers)
        try await server.wait("panic") { try await server.json("/explain/web", as: PanicBody.self) == PanicBody(panic: true, eligible: 0) }
        // So many that lots, too, leave nobody out: once in ten thousand million runs.
        let answer = try await server.json("/pick/web?n=60", as: LeaseBody.self)
        #expect(answer.panic == true && answer.peers.count == 60)
        let keyed = try await server.json("/pick/web?n=2&key=one", as: LeaseBody.self)
        #expect(keyed.panic == true && Set(keyed.peers.map(\.peer)).count == 1)
        if policy != "consistent_hash" { #expect(Set(answer.peers.map(\.peer)) == Set(peers)) }
    }

    @Test func `a lease is outstanding until it is reported or over`() async throws {
        let server = try await start("policy: least_outstanding\nlease: { valid: 5 }")
        let lease = try await server.json("/pick/web?n=40", as: LeaseBody.self)
        #expect(lease.peers.count == 40)
        #expect(Set(lease.peers.map(\.peer)) == Set(Self.peers))
        // What is leased does not fade. Lots decide between peers that are nearly alike.
        let begun = try await outstanding(server).map { $0 ?? 0 }
        #expect(begun.reduce(0, +) == 40 && begun.allSatisfy { (6...14).contains($0) }, "\(begun)")
        try await report(server, Self.peers[0], milliseconds: 5)
        let left = try await outstanding(server).map { $0 ?? 0 }
        #expect(left == [begun[0] - 1] + begun.dropFirst())
        try await server.wait("the end of the lease") { try await outstanding(server).allSatisfy { ($0 ?? 1) < 0.01 } }
    }

    @Test func `a policy changes with the configuration, without a restart`() async throws {
        let server = try await start("policy: weighted_round_robin")
        #expect(try await outstanding(server).count { $0 == nil } == 4)
        try server.write("lookaside.yaml", "listen: 127.0.0.1:0\nhealth_check: { enabled: false }\nservices: { w*: { policy: least_outstanding } }\n")
        server.signal(SIGHUP)
        try await server.wait("the policy") { try await server.json("/explain/web", as: ExplanationBody.self).policy == "least_outstanding" }
        _ = try await pick(server)
        let total = try await outstanding(server).reduce(0) { $0 + ($1 ?? 0) }
        #expect(total > 0.9)
    }
}

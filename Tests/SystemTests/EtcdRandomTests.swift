import Foundation
import Glibc
import HTTPTransport
import TestSupport
import Testing

/// Random changes of etcd, while etcd dies, forgets its history, and the server stands still.
struct EtcdRandomTests {
    private static let prefix = "/v1/testing/services/"
    /// No random change takes this peer away, so that a pick of any service has an answer at any time.
    private static let lastingPeer = "10.9.9.9:80"
    private static let services = ["a", "b.c", "d-e", "f_1"]

    private struct Value: Codable {
        var weight: Double
        var status = "up"
    }

    /// Random changes, the same for the same seed.
    private struct Changes {
        let etcd: EtcdProcess
        var generator: SeededGenerator

        /// Makes changes: one key in a revision, or several.
        mutating func make(_ count: Int) throws {
            var rest = count
            while rest > 0 {
                // A transaction names a key once.
                var changes: [String: EtcdProcess.Change] = [:]
                for _ in 0..<min(rest, Int.random(in: 1...8, using: &generator)) {
                    let (key, change) = try next()
                    changes[key] = change
                    rest -= 1
                }
                try etcd.commit(changes.sorted { $0.key < $1.key }.map(\.value))
            }
        }

        private mutating func next() throws -> (String, EtcdProcess.Change) {
            let service = EtcdRandomTests.services.randomElement(using: &generator) ?? ""
            let peer = Int.random(in: 0...20, using: &generator)
            guard peer > 0 else {
                let key = "\(EtcdRandomTests.prefix)\(service)/\(EtcdRandomTests.lastingPeer)"
                return (key, .put(key, try json(Value(weight: Double.random(in: 1...100, using: &generator)))))
            }
            let key = "\(EtcdRandomTests.prefix)\(service)/10.0.0.\(peer):80"
            if Int.random(in: 0..<3, using: &generator) == 0 { return (key, .delete(key)) }
            let status = Bool.random(using: &generator) ? "up" : "down"
            return (key, .put(key, try json(Value(weight: Double(Int.random(in: 0...5, using: &generator)), status: status))))
        }

        private func json(_ value: Value) throws -> String { String(decoding: try JSONEncoder().encode(value), as: UTF8.self) }
    }

    /// Every peer of every service as etcd has it now: `service/host:port weight state`.
    private func peers(of etcd: EtcdProcess) throws -> [String] {
        try etcd.keyValues(under: Self.prefix).map { key, text in
            let value = try JSONDecoder().decode(Value.self, from: Data(text.utf8))
            return "\(key) \(value.weight) \(value.status)"
        }.sorted()
    }

    /// The same, as the server shows it.
    private func peers(of server: LookasideProcess) async throws -> [String] {
        var lines: [String] = []
        for service in try await server.json("/peers", as: ServicesBody.self).services {
            let answer = try await server.get("/peers/\(service.service)")
            // A service without peers is forgotten after a while.
            guard answer.status == 200 else { continue }
            let body = try JSONDecoder().decode(PeersBody.self, from: Data(answer.body))
            lines += body.peers.map { "\(service.service)/\($0.peer) \($0.weight) \($0.state)" }
        }
        return lines.sorted()
    }

    private func compare(_ server: LookasideProcess, with etcd: EtcdProcess) async throws {
        let expected = try peers(of: etcd)
        #expect(expected.count > Self.services.count)
        var shown: [String] = []
        let deadline = ContinuousClock.now + .seconds(30)
        repeat {
            shown = try await peers(of: server)
            if shown == expected { return }
            try await Task.sleep(for: .milliseconds(20))
        } while ContinuousClock.now < deadline
        #expect(shown == expected)
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `after kills, compactions and stops the server shows what a fresh range shows, and picks never failed`(seed: UInt64) async throws {
        let etcd = try await EtcdProcess()
        var changes = Changes(etcd: etcd, generator: SeededGenerator(seed: seed))
        for service in Self.services { try etcd.put("\(Self.prefix)\(service)/\(Self.lastingPeer)", #"{"weight":1}"#) }
        try changes.make(50)
        let server = try await LookasideProcess(configuration: "sources:\n  - etcd: { endpoints: [\(etcd.url)] }")
        try await server.wait("ready") { try await server.get("/readyz").status == 200 }
        let clients = Self.services.map { PickingClient(server, service: $0) }

        // Killed right after changes, changed at once when it is back.
        for _ in 0..<2 {
            try changes.make(100)
            etcd.kill()
            try await etcd.start()
            try changes.make(100)
        }
        try await compare(server, with: etcd)

        // The history that a server that stood still needs is gone, and so is its connection.
        server.signal(SIGSTOP)
        try changes.make(30)
        etcd.kill()
        try await etcd.start()
        try changes.make(30)
        try etcd.compact()
        server.signal(SIGCONT)
        try changes.make(30)
        try await compare(server, with: etcd)

        // The history is gone, the connection is not.
        server.signal(SIGSTOP)
        try changes.make(60)
        try etcd.compact()
        server.signal(SIGCONT)
        try changes.make(30)
        try await compare(server, with: etcd)

        for client in clients { #expect(try await client.stop() == [200]) }
        #expect(try #require(try await server.json("/stats", as: StatisticsBody.self).sources.first).lists >= 2)
    }
}

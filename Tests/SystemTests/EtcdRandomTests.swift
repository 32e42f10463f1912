import Foundation
import Glibc
import HTTPTransport
import TestSupport
import Testing

/// Random changes of etcd, while etcd dies, freezes, forgets its history or everything, the network fails, and the server stands still.
struct EtcdRandomTests {
    private static let prefix = "/v1/testing/services/"
    /// No random change takes this peer away, so that a pick of any service has an answer at any time.
    private static let lastingPeer = "10.9.9.9:80"
    private static let services = ["a", "b.c", "d-e", "f_1"]

    private struct Value: Codable {
        var weight: Double
        var status = "up"
    }

    /// The two protocols of etcd.
    enum API: String {
        case v3, v2
    }

    /// Random changes, the same for the same seed.
    private struct Changes {
        let etcd: EtcdProcess
        let api: API
        var generator: SeededGenerator

        /// Makes changes: one key in a revision, or several where the API allows.
        mutating func make(_ count: Int) throws {
            if api == .v2 { return try makeOneByOne(count) }
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

        private mutating func makeOneByOne(_ count: Int) throws {
            // Nobody picks from it: its directory comes and goes.
            let directory = EtcdRandomTests.prefix + "gone"
            for _ in 0..<count {
                switch Int.random(in: 0..<10, using: &generator) {
                case 0: try etcd.deleteIfThere(directory)
                case 1...3: try etcd.setKey("\(directory)/10.0.0.\(Int.random(in: 1...9, using: &generator)):80", try json(Value(weight: 1)))
                default:
                    switch try next().1 {
                    case .put(let key, let value): try etcd.setKey(key, value)
                    case .delete(let key): try etcd.deleteIfThere(key)
                    }
                }
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
    private func peers(of etcd: EtcdProcess, _ api: API) throws -> [String] {
        let values = try api == .v3 ? etcd.keyValues(under: Self.prefix) : etcd.keyNodes(below: Self.prefix)
        return try values.map { key, text in
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

    private func compare(_ server: LookasideProcess, with etcd: EtcdProcess, _ api: API, _ scene: Comment) async throws {
        let expected = try peers(of: etcd, api)
        #expect(expected.count >= Self.services.count)
        var shown: [String] = []
        let deadline = ContinuousClock.now + .seconds(30)
        repeat {
            shown = try await peers(of: server)
            if shown == expected { return }
            try await Task.sleep(for: .milliseconds(20))
        } while ContinuousClock.now < deadline
        #expect(shown == expected, scene)
    }

    /// What befalls etcd, the network between, or the server; changes are made before, meanwhile and after.
    private enum Fault: CaseIterable {
        case none, etcdKilled, etcdFrozen, connectionsCut, networkDelayed, networkStalled, compactedUnseen, serverStopped, wiped
    }

    private func befall(_ fault: Fault, _ etcd: EtcdProcess, _ proxy: FaultProxy, _ server: LookasideProcess, _ changes: inout Changes) async throws {
        switch fault {
        case .none:
            try changes.make(30)
        case .etcdKilled:
            etcd.kill()
            try await etcd.start()
        case .etcdFrozen:
            etcd.freeze()
            try await Task.sleep(for: .milliseconds(300))
            etcd.thaw()
        case .connectionsCut:
            for _ in 0..<3 {
                try changes.make(5)
                proxy.cut()
            }
        case .networkDelayed:
            proxy.set(.delay(milliseconds: 50))
            try changes.make(30)
        case .networkStalled:
            // What was on its way is lost with the connection.
            proxy.set(.stall)
            try changes.make(30)
            proxy.cut()
            try changes.make(30)
        case .compactedUnseen:
            proxy.set(.refuse)
            try changes.make(30)
            try forgetHistory(etcd, changes.api)
        case .serverStopped:
            server.signal(SIGSTOP)
            try changes.make(60)
            try forgetHistory(etcd, changes.api)
            server.signal(SIGCONT)
        case .wiped:
            proxy.set(.refuse)
            try etcd.wipe()
            try await etcd.start()
            try putLastingPeers(etcd, changes.api)
            // Sometimes past the old revision.
            try changes.make(Bool.random(using: &changes.generator) ? 3 : 300)
        }
        proxy.set(.forward)
    }

    /// Has etcd forget what has changed so far.
    private func forgetHistory(_ etcd: EtcdProcess, _ api: API) throws {
        switch api {
        case .v3: try etcd.compact()
        case .v2: for number in 0..<1000 { try etcd.setKey("/elsewhere", "\(number)") }
        }
    }

    private func putLastingPeers(_ etcd: EtcdProcess, _ api: API) throws {
        for service in Self.services {
            let key = "\(Self.prefix)\(service)/\(Self.lastingPeer)"
            let value = #"{"weight":1,"status":"up"}"#
            switch api {
            case .v3: try etcd.put(key, value)
            case .v2: try etcd.setKey(key, value)
            }
        }
    }

    /// Every fault once in a random order, then in another, and so on.
    private func run(_ api: API, seed: UInt64, rounds: Int) async throws {
        let etcd = try await EtcdProcess(arguments: api == .v2 ? EtcdProcess.keysArguments : [])
        let proxy = try FaultProxy(to: etcd.port)
        var changes = Changes(etcd: etcd, api: api, generator: SeededGenerator(seed: seed))
        try putLastingPeers(etcd, api)
        try changes.make(50)
        let server = try await LookasideProcess(
            configuration: "sources:\n  - etcd: { endpoints: [\(proxy.url)], api: \(api), empty_guard: 0 }"
        )
        try await server.wait("ready") { try await server.get("/readyz").status == 200 }
        let clients = Self.services.map { PickingClient(server, service: $0) }
        for round in 1...rounds {
            for fault in Fault.allCases.shuffled(using: &changes.generator) {
                try changes.make(20)
                try await befall(fault, etcd, proxy, server, &changes)
                try changes.make(20)
                // Sometimes the next one comes before this one is overcome.
                guard Bool.random(using: &changes.generator) else { continue }
                try await compare(server, with: etcd, api, "\(api), seed \(seed), round \(round), after \(fault)")
            }
        }
        try await compare(server, with: etcd, api, "\(api), seed \(seed), at the end")
        for client in clients { #expect(try await client.stop() == [200], "\(api), seed \(seed)") }
        #expect(try await server.source().lists >= 2)
    }

    @Test(arguments: [(.v3, 1), (.v3, 2), (.v2, 1), (.v2, 2)] as [(API, UInt64)])
    func `after every fault the server shows what a fresh list shows, and picks never failed`(api: API, seed: UInt64) async throws {
        try await run(api, seed: seed, rounds: 1)
    }

    @Test(.enabled(if: runsSlowTests), arguments: [API.v3, .v2])
    func `after many faults of a new seed the same holds`(api: API) async throws {
        let seed = UInt64.random(in: 1...UInt64(UInt32.max))
        print("EtcdRandomTests: \(api), seed \(seed)")
        try await run(api, seed: seed, rounds: 12)
    }
}

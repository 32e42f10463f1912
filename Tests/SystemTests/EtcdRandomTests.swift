import Foundation
import Glibc
import HTTPTransport
import TestSupport
import Testing

/// Random changes of etcd, while etcd dies, freezes, forgets its history or everything, the network fails, and the server stands still.
struct EtcdRandomTests {
    /// What the server reads from.
    enum Store: String {
        case v3, v2
        /// By version 3, with tokens that end after a second without use.
        case authenticated

        var api: RandomEtcdChanges.API { self == .v2 ? .v2 : .v3 }

        fileprivate var faults: [Fault] {
            // A store that is wiped asks nobody who he is, one that asks has tokens that end.
            Fault.allCases.filter { $0 != (self == .authenticated ? .wiped : .tokenEnded) }
        }

        fileprivate func start() async throws -> EtcdProcess {
            switch self {
            case .v3: return try await EtcdProcess()
            case .v2: return try await EtcdProcess(arguments: EtcdProcess.keysArguments)
            case .authenticated:
                let etcd = try await EtcdProcess(arguments: ["--auth-token", "simple", "--auth-token-ttl", "1", "--bcrypt-cost", "4"])
                try etcd.enableAuthentication(user: "lookaside", password: "secret", prefix: "/v1/testing/services/")
                return etcd
            }
        }
    }

    /// What befalls etcd, the network between, or the server; changes are made before, meanwhile and after.
    fileprivate enum Fault: CaseIterable {
        case none, etcdKilled, etcdFrozen, connectionsCut, networkDelayed, networkStalled, compactedUnseen, serverStopped, wiped, tokenEnded
    }

    private func befall(
        _ fault: Fault,
        _ etcd: EtcdProcess,
        _ proxy: FaultProxy,
        _ server: LookasideProcess,
        _ changes: inout RandomEtcdChanges
    ) async throws {
        switch fault {
        case .none:
            try await changes.make(30)
        case .etcdKilled:
            etcd.kill()
            try await etcd.start()
        case .etcdFrozen:
            etcd.freeze()
            try await Task.sleep(for: .milliseconds(300))
            etcd.thaw()
        case .connectionsCut:
            for _ in 0..<3 {
                try await changes.make(5)
                proxy.cut()
            }
        case .networkDelayed:
            proxy.set(.delay(milliseconds: 50))
            try await changes.make(30)
        case .networkStalled:
            // What was on its way is lost with the connection.
            proxy.set(.stall)
            try await changes.make(30)
            proxy.cut()
            try await changes.make(30)
        case .compactedUnseen:
            proxy.set(.refuse)
            try await changes.make(30)
            try changes.forgetHistory()
        case .serverStopped:
            server.signal(SIGSTOP)
            try await changes.make(60)
            try changes.forgetHistory()
            server.signal(SIGCONT)
        case .wiped:
            proxy.set(.refuse)
            try etcd.wipe()
            try await etcd.start()
            try await changes.putLastingPeers()
            // Sometimes past the old revision.
            try await changes.make(Bool.random(using: &changes.generator) ? 3 : 300)
        case .tokenEnded:
            try await Task.sleep(for: .milliseconds(2500))
            proxy.cut()
        }
        proxy.set(.forward)
    }

    /// Every fault once in a random order, then in another, and so on.
    private func run(_ store: Store, seed: UInt64, rounds: Int) async throws {
        let etcd = try await store.start()
        let proxy = try FaultProxy(to: etcd.port)
        var changes = RandomEtcdChanges(api: store.api, members: [etcd], generator: SeededGenerator(seed: seed))
        try await changes.putLastingPeers()
        try await changes.make(50)
        let login = store == .authenticated ? ", username: lookaside, password_file: password" : ""
        let server = try await LookasideProcess(
            configuration: "sources:\n  - etcd: { endpoints: [\(proxy.url)], api: \(store.api), empty_guard: 0\(login) }",
            files: ["password": "secret"]
        )
        try await server.wait("ready") { try await server.get("/readyz").status == 200 }
        let clients = RandomEtcdChanges.services.map { PickingClient(server, service: $0) }
        for round in 1...rounds {
            for fault in store.faults.shuffled(using: &changes.generator) {
                try await changes.make(20)
                try await befall(fault, etcd, proxy, server, &changes)
                try await changes.make(20)
                // Sometimes the next one comes before this one is overcome.
                guard Bool.random(using: &changes.generator) else { continue }
                try await changes.compare(with: server, "\(store), seed \(seed), round \(round), after \(fault)")
            }
        }
        try await changes.compare(with: server, "\(store), seed \(seed), at the end")
        for client in clients { #expect(try await client.stop() == [200], "\(store), seed \(seed)") }
        #expect(try await server.source().lists >= (store == .authenticated ? 1 : 2))
    }

    @Test(arguments: [(.v3, 1), (.v3, 2), (.v2, 1), (.v2, 2), (.authenticated, 1)] as [(Store, UInt64)])
    func `after every fault the server shows what a fresh list shows, and picks never failed`(store: Store, seed: UInt64) async throws {
        try await run(store, seed: seed, rounds: 1)
    }

    @Test(.enabled(if: runsSlowTests), arguments: [Store.v3, .v2, .authenticated])
    func `after many faults of a new seed the same holds`(store: Store) async throws {
        let seed = UInt64.random(in: 1...UInt64(UInt32.max))
        print("EtcdRandomTests: \(store), seed \(seed)")
        try await run(store, seed: seed, rounds: 12)
    }
}

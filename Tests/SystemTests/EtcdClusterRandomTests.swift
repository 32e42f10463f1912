import Foundation
import HTTPTransport
import TestSupport
import Testing

/// Random changes of a cluster of three members, while one after the other is killed, freezes or is restarted.
struct EtcdClusterRandomTests {
    private enum Fault: CaseIterable {
        case killed, restarted, frozen
    }

    /// Every fault at a random member, in a random order; the empty guard is as it is by default.
    private func run(seed: UInt64, rounds: Int) async throws {
        let members = try await EtcdProcess.cluster(of: 3)
        var changes = RandomEtcdChanges(api: .v3, members: members, generator: SeededGenerator(seed: seed))
        try await changes.putLastingPeers()
        try await changes.make(50)
        let endpoints = members.map(\.url).joined(separator: ", ")
        let server = try await LookasideProcess(configuration: "sources:\n  - etcd: { endpoints: [\(endpoints)] }")
        try await server.wait("ready") { try await server.get("/readyz").status == 200 }
        let clients = RandomEtcdChanges.services.map { PickingClient(server, service: $0) }
        for round in 1...rounds {
            for fault in Fault.allCases.shuffled(using: &changes.generator) {
                let index = Int.random(in: members.indices, using: &changes.generator)
                let member = members[index]
                try await changes.make(20)
                // Two of three are enough for changes.
                changes.members = members.filter { $0 !== member }
                switch fault {
                case .killed:
                    member.kill()
                    try await changes.make(20)
                    try await member.start()
                case .restarted:
                    member.stop()
                    try await member.start()
                case .frozen:
                    member.freeze()
                    try await changes.make(20)
                    member.thaw()
                }
                try await changes.make(20)
                changes.members = members
                guard Bool.random(using: &changes.generator) else { continue }
                try await changes.compare(with: server, "seed \(seed), round \(round), after \(fault) of member \(index)")
            }
        }
        try await changes.compare(with: server, "seed \(seed), at the end")
        for client in clients { #expect(try await client.stop() == [200], "seed \(seed)") }
        // No member has lost anything: it is left for another, and nothing is listed again.
        #expect(try await server.source().lists == 1)
    }

    @Test func `whichever member fails, the server shows what a fresh list shows, and picks never failed`() async throws {
        try await run(seed: 1, rounds: 1)
    }

    @Test(.enabled(if: runsSlowTests)) func `after many faults of a new seed the same holds`() async throws {
        let seed = UInt64.random(in: 1...UInt64(UInt32.max))
        print("EtcdClusterRandomTests: seed \(seed)")
        try await run(seed: seed, rounds: 12)
    }
}

import Discovery
import DiscoveryTestSupport
import Foundation
import TestSupport
import Testing

@testable import KubernetesSource

/// Random changes of slices, while watches are cut, the server restarts, forgets its history, refuses, or is restored from a backup: in
/// the end picks see what a fresh list shows.
struct RandomHistoryTests {
    private typealias Endpoint = FakeAPIServer.Endpoint

    /// Random changes, the same for the same seed.
    private struct Changes {
        let server: FakeAPIServer
        var generator: SeededGenerator

        mutating func make(_ count: Int) {
            for _ in 0..<count {
                let name = "\(["a", "b", "c"].randomElement(using: &generator) ?? "")-\(Int.random(in: 1...3, using: &generator))"
                guard Int.random(in: 0..<5, using: &generator) > 0 else {
                    server.delete(name)
                    continue
                }
                // A name among addresses is refused, and one that cannot be read.
                let isNamed = Int.random(in: 0..<8, using: &generator) == 0
                let endpoints = (0..<Int.random(in: 0...5, using: &generator)).map { _ in
                    Endpoint(
                        Int.random(in: 0..<12, using: &generator) == 0 ? "10.0.0.300" : "10.0.0.\(Int.random(in: 1...9, using: &generator))",
                        ready: [nil, true, true, false].randomElement(using: &generator) ?? nil,
                        serving: [nil, true].randomElement(using: &generator) ?? nil,
                        terminating: [nil, nil, true].randomElement(using: &generator) ?? nil,
                        uid: "u\(Int.random(in: 1...3, using: &generator))",
                        node: [nil, "n1", "n2"].randomElement(using: &generator) ?? nil,
                        zone: [nil, "z1", "z2"].randomElement(using: &generator) ?? nil
                    )
                }
                let labels = ["lookaside.dev/weight": [nil, "1", "50"].randomElement(using: &generator) ?? nil].compactMapValues { $0 }
                server.write(.slice(name, of: String(name.prefix(1)), type: isNamed ? "FQDN" : "IPv4", labels: labels, endpoints))
            }
        }
    }

    /// What befalls the server, or the connections to it.
    private enum Fault: CaseIterable {
        case none, cut, ended, restarted, compacted, compactedUnseen, refused, silent, restored, restoredFarBehind, garbled, split
    }

    private func befall(_ fault: Fault, _ server: FakeAPIServer, _ changes: inout Changes) throws {
        switch fault {
        case .none: break
        case .cut:
            for _ in 0..<3 {
                changes.make(5)
                server.cutWatches()
            }
        case .ended: server.endWatches()
        case .restarted:
            server.stop()
            changes.make(10)
            try server.start()
        case .compacted: server.compact()
        case .compactedUnseen:
            server.stop()
            changes.make(10)
            server.compact()
            try server.start()
        case .refused:
            let count = Counter()
            let statuses = (0..<3).map { _ in [401, 429, 500, 503].randomElement(using: &changes.generator) ?? 429 }
            server.onRequest { _ in
                let number = count.next()
                return number <= statuses.count ? .status(statuses[number - 1], "Busy", "not now") : nil
            }
            server.cutWatches()
        case .silent:
            let count = Counter()
            server.onRequest { request in request.kind == .one && count.next() == 1 ? .silence : nil }
            server.endWatches()
        case .restored:
            let backup = server.backup()
            changes.make(10)
            server.restore(backup)
        case .restoredFarBehind:
            // The watch is of a version that is yet to come, until a silence.
            let backup = server.backup()
            changes.make(30)
            server.restore(backup)
            changes.make(2)
        case .garbled: server.sendLine(#"{"type":"ADDED","object":{"#)
        case .split: server.split(into: Int.random(in: 1...7, using: &changes.generator))
        }
    }

    private func run(seed: UInt64, rounds: Int) async throws {
        let server = try FakeAPIServer()
        var changes = Changes(server: server, generator: SeededGenerator(seed: seed))
        changes.make(30)
        let served = try ServedKubernetes(server.url) {
            $0.pageSize = 2
            $0.idleTimeout = .milliseconds(150)
            $0.requestTimeout = .milliseconds(300)
        }
        func compare(_ scene: String) async throws {
            let fresh = try ServedKubernetes(server.url)
            try await fresh.running { try await fresh.wait { fresh.monitor.status.isSynced } }
            try await served.wait("\(scene): picks see \(served.described), a fresh list has \(fresh.described)") {
                served.described == fresh.described
            }
            func shown(_ status: SourceStatus) -> String { "\(status.services) services, \(status.skipped) problems" }
            try await served.wait("\(scene): \(shown(served.monitor.status)), a fresh list has \(shown(fresh.monitor.status))") {
                shown(served.monitor.status) == shown(fresh.monitor.status)
            }
        }
        // After many failures the pauses would be longer than the waits here.
        try await served.running(longestPause: .seconds(1)) {
            for round in 1...rounds {
                for fault in Fault.allCases.shuffled(using: &changes.generator) {
                    changes.make(10)
                    try befall(fault, server, &changes)
                    changes.make(10)
                    // Sometimes the next one comes before this one is overcome.
                    guard Bool.random(using: &changes.generator) else { continue }
                    try await compare("seed \(seed), round \(round), after \(fault)")
                }
            }
            server.onRequest(nil)
            try await compare("seed \(seed), at the end")
        }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `after every fault picks see what a fresh list shows`(seed: UInt64) async throws {
        try await run(seed: seed, rounds: 1)
    }

    @Test(.enabled(if: runsSlowTests))
    func `after many faults of a new seed the same holds`() async throws {
        let seed = UInt64.random(in: 1...UInt64(UInt32.max))
        print("RandomHistoryTests: seed \(seed)")
        try await run(seed: seed, rounds: 20)
    }
}

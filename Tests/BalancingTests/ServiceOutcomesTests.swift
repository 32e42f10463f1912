import Balancing
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

struct ServiceOutcomesTests {
    private var generator = SeededGenerator(seed: 7)

    private mutating func makeService(peers: Int, signal: @escaping @Sendable (ServiceSignal) -> Void = { _ in }) throws -> ServiceState {
        let plan = try makePlan(weights: Array(repeating: 1, count: peers))
        return ServiceState(name: "web", plan: plan, using: &generator, signal: signal)
    }

    private static func makeOutcome(_ result: Outcome.Result) -> Outcome { Outcome(result: result, reporter: "r") }

    @Test mutating func `a service's outcomes are those of its peers`() throws {
        let service = try makeService(peers: 5)
        let peers = service.plan.members.map(\.state)
        var record: [[ReportedOutcome]] = Array(repeating: [], count: peers.count)
        for second in UInt32(40)...130 where second % 17 != 0 {
            for _ in 0..<20 {
                let peer = Int.random(in: 0..<peers.count, using: &generator)
                let reported = ReportedOutcome.random(at: second, using: &generator)
                record[peer].append(reported)
                let isKnown = service.record(reported.outcome, of: peers[peer].address, at: .second(second))
                #expect(isKnown)
            }
        }
        for window in [1, 10, 60] {
            let all = ExpectedCounts(record.flatMap(\.self), window: UInt32(window), before: 131)
            let counts = service.outcomes(window: window, before: 131)
            #expect(counts.requests == all.requests && counts.failures(.serverErrors) == all.failures)
            #expect(abs(counts.latencySum - all.latencySum) <= 1e-9 * all.latencySum)
            #expect(abs(counts.latencyQuantile(0.9) - all.quantile(0.9)) <= 0.05 * all.quantile(0.9))
            for (peer, record) in zip(peers, record) {
                let expected = ExpectedCounts(record, window: UInt32(window), before: 131)
                #expect(peer.outcomes(window: window, before: 131).requests == expected.requests)
            }
        }
        var requests: UInt64 = 0
        var latencyCount: UInt64 = 0
        for outcome in record.joined().map(\.outcome) {
            requests += UInt64(outcome.count)
            if outcome.latencyMilliseconds != nil { latencyCount += UInt64(outcome.count) }
        }
        let totals = service.totals(at: 131)
        #expect(totals.results.reduce(0, +) == requests)
        #expect(totals.latencyCount == latencyCount)
        #expect(peers.flatMap(\.totals.results).reduce(0, +) == requests)
    }

    @Test mutating func `totals have a place for every class of status and every error`() throws {
        let service = try makeService(peers: 1)
        let address = service.plan.members[0].state.address
        for status in [100, 200, 201, 302, 404, 499, 500, 599] as [UInt16] {
            _ = service.record(Self.makeOutcome(.status(status)), of: address, at: .second(1))
        }
        for kind in Outcome.ErrorKind.allCases { _ = service.record(Self.makeOutcome(.error(kind)), of: address, at: .second(1)) }
        for latency in [1, 1.01, 60_000, 60_001] {
            _ = service.record(Outcome(result: .status(200), latencyMilliseconds: latency, reporter: ""), of: address, at: .second(1))
        }
        for _ in 0..<3 { _ = service.pick(at: .second(1)) }
        let totals = service.totals(at: 2)
        let results = Dictionary(uniqueKeysWithValues: zip(TrafficTotals.resultNames, totals.results))
        #expect(
            results
                == ["1xx": 1, "2xx": 2 + 4, "3xx": 1, "4xx": 2, "5xx": 2, "connect": 1, "timeout": 1, "reset": 1, "other": 1]
        )
        let bounds = TrafficTotals.latencyBounds.map { Optional($0) } + [nil]
        let latencies = zip(bounds, totals.latencies).filter { $0.1 > 0 }
        #expect(latencies.map(\.0) == [0.001, 0.0025, 60, nil] && latencies.map(\.1) == [1, 1, 1, 1])
        #expect(abs(totals.latencySum - 120.003_01) < 1e-9)
        #expect(totals.picks == 3)
    }

    @Test mutating func `an outcome of a peer that the service does not have leaves no trace`() throws {
        let service = try makeService(peers: 2)
        #expect(!service.record(Self.makeOutcome(.status(500)), of: try PeerAddress("10.9.9.9:80"), at: .second(10)))
        #expect(service.outcomes(window: 60, before: 11).requests == 0)
        #expect(service.totals(at: 11).results.isEmpty)
        #expect(service.activePeers.isEmpty)
    }

    @Test mutating func `statistics are freed after a minute and counted from nothing again`() throws {
        let service = try makeService(peers: 2)
        let peers = service.plan.members.map(\.state)
        for peer in peers { _ = service.record(Self.makeOutcome(.status(200)), of: peer.address, at: .second(10)) }
        service.freeIdleStatistics(at: 70)
        #expect(service.activePeers.count == 2)
        #expect(service.outcomes(window: 60, before: 70).requests == 2)
        _ = service.record(Self.makeOutcome(.status(200)), of: peers[0].address, at: .second(70))
        service.freeIdleStatistics(at: 71)
        #expect(service.activePeers.map(\.address) == [peers[0].address])
        #expect(peers[1].totals.results.isEmpty)
        #expect(service.totals(at: 71).results.reduce(0, +) == 3)
        _ = service.record(Self.makeOutcome(.status(200)), of: peers[1].address, at: .second(72))
        #expect(service.activePeers.count == 2)
        #expect(service.outcomes(window: 60, before: 73).requests == 2)
    }

    @Test mutating func `a peer that left is still counted in its service`() throws {
        let service = try makeService(peers: 2)
        let members = service.plan.members
        _ = service.record(Self.makeOutcome(.status(200)), of: members[0].state.address, at: .second(10))
        service.publish(Plan(members: [members[1]], isStale: false, index: 2, previous: service.plan), using: &generator)
        #expect(service.outcomes(window: 60, before: 11).requests == 1)
        #expect(!service.record(Self.makeOutcome(.status(200)), of: members[0].state.address, at: .second(10)))
    }

    @Test mutating func `a run is signalled once until it is judged, an ejected peer's not at all`() throws {
        let signals = Mutex<[ServiceSignal]>([])
        let service = try makeService(peers: 1) { signal in signals.withLock { $0.append(signal) } }
        let peer = service.plan.members[0].state
        func runs(after failures: Int) -> Int {
            for _ in 0..<failures { _ = service.record(Self.makeOutcome(.error(.connect)), of: peer.address, at: .second(10)) }
            return signals.withLock { signals in
                signals.count { signal in
                    guard case .run = signal else { return false }
                    return true
                }
            }
        }
        #expect(runs(after: 4) == 0)
        #expect(runs(after: 1) == 1)
        #expect(runs(after: 50) == 1)
        _ = peer.judge(at: 10, settings: LogCheckSettings())
        #expect(runs(after: 1) == 2)
        peer.setEjected(true)
        #expect(runs(after: 50) == 2)
        #expect(!peer.hasEvidence(at: 10))
        peer.setEjected(false)
        #expect(runs(after: 4) == 2)
        #expect(runs(after: 1) == 3)
        #expect(peer.outcomes(window: 1, before: 11).requests == 4 + 1 + 50 + 1 + 50 + 4 + 1)
        #expect(signals.withLock { $0.count } == 3 + 1)
    }

    @Test mutating func `evidence is gone when its window has passed, an open run is not`() throws {
        let service = try makeService(peers: 1)
        let peer = service.plan.members[0].state
        _ = service.record(Self.makeOutcome(.status(200)), of: peer.address, at: .second(10))
        #expect(peer.hasEvidence(at: 19))
        #expect(!peer.hasEvidence(at: 20))
        for _ in 0..<4 { _ = service.record(Self.makeOutcome(.status(500)), of: peer.address, at: .second(30)) }
        #expect(!peer.hasEvidence(at: 40), "a run that is too short yet does not have the service swept for ever")
        service.freeIdleStatistics(at: 500)
        let signals = peer.judge(at: 500, settings: LogCheckSettings())
        #expect(signals == nil)
        #expect(peer.hasEvidence(at: 500) == false)
    }

    @Test mutating func `eight threads lose and double no outcome`() throws {
        let service = try makeService(peers: 3)
        let peers = service.plan.members.map(\.state)
        let perThread = 3000
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for number in 0..<perThread {
                let outcome = Outcome(result: .status(number % 2 == 0 ? 200 : 500), latencyMilliseconds: 5, reporter: "\(thread)")
                _ = service.record(outcome, of: peers[number % 3].address, at: .second(UInt32(10 + number / 1000)))
            }
        }
        let counts = service.outcomes(window: 60, before: 13)
        #expect(counts.requests == UInt64(8 * perThread) && counts.failures(.serverErrors) == UInt64(4 * perThread))
        #expect(counts.latencySum == Double(5 * 8 * perThread))
        #expect(service.totals(at: 13).results.reduce(0, +) == UInt64(8 * perThread))
    }

    @Test mutating func `a hundred thousand random codes over a thousand peers take little memory`() throws {
        let service = try makeService(peers: 1000)
        let addresses = service.plan.members.map(\.state.address)
        let before = try Self.residentBytes()
        for number in 0..<100_000 {
            let code = UInt16.random(in: 100...599, using: &generator)
            let latency = Double.random(in: 0...10_000, using: &generator)
            let outcome = Outcome(result: .status(code), latencyMilliseconds: latency, reporter: "\(number)")
            _ = service.record(outcome, of: addresses[number % addresses.count], at: .second(UInt32(100 + number / 2000)))
        }
        #expect(try Self.residentBytes() - before < 25 << 20)
        #expect(service.activePeers.count == 1000)
        service.freeIdleStatistics(at: 1000)
        #expect(service.activePeers.isEmpty)
    }

    private static func residentBytes() throws -> Int {
        let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return try #require(Int(fields[1])) * sysconf(Int32(_SC_PAGESIZE))
    }
}

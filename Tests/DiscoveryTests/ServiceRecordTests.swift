import Balancing
import TestSupport
import Testing

@testable import Discovery

/// What is kept of one service between plans, by a clock of the test's own.
struct ServiceRecordTests {
    private let start = ContinuousClock.now
    private let peers: [PeerAddress]
    private let signals = Collected<ServiceSignal>()
    private var settings = ServiceSettings()
    private var record: ServiceRecord

    init() throws {
        peers = try (1...4).map { try PeerAddress("10.0.0.\($0):80") }
        record = ServiceRecord(name: "web", settings: settings, born: nil) { [signals] in signals.append($0) }
    }

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    private mutating func change(at seconds: Double, _ body: (inout ServiceSettings) -> Void) {
        body(&settings)
        _ = record.apply(settings, at: at(seconds))
    }

    /// Publishes a plan of the peers with these indices, and of some with values of their own.
    @discardableResult
    private mutating func publish(
        _ indices: [Int],
        value: PeerValue = PeerValue(slowStart: 0),
        except others: [Int: PeerValue] = [:],
        at seconds: Double
    ) -> [Transition] {
        var table = SourceTable()
        for (index, value) in indices.map({ ($0, value) }) + others.map({ ($0.key, $0.value) }) {
            table.apply(SourceEntry(key: "web/\(peers[index])", content: .value(value)))
        }
        return record.publish(
            .init(
                service: CombinedService("web", in: [table], by: .merge),
                isFirstList: seconds == 0,
                isStale: false,
                index: 1,
                now: at(seconds),
                wallTime: seconds
            )
        )
    }

    /// Records outcomes and has done what they ask for.
    private mutating func report(_ result: Outcome.Result, _ count: Int, of index: Int, at seconds: Double) {
        for _ in 0..<count {
            let isKnown = record.state.record(Outcome(result: result, reporter: "r"), of: peers[index], at: .second(UInt32(seconds)))
            #expect(isKnown)
            for signal in signals.take() {
                switch signal {
                case .outcomesBegan: record.beginSweeps(at: at(seconds))
                case .run(_, let peer, let finding): _ = record.judge(peer, finding, at: at(seconds), wallTime: seconds)
                }
            }
        }
    }

    private mutating func advance(to seconds: Double) {
        _ = record.advance(to: at(seconds), wallTime: seconds, second: UInt32(seconds))
    }

    private mutating func check(_ index: Int, _ status: Int, at seconds: Double) {
        _ = record.check(peers[index], .status(status), at: at(seconds), wallTime: seconds)
    }

    private func health(_ index: Int) -> Health? { record.verdicts.shown(peers[index])?.health }

    private func evidence(_ index: Int, at second: UInt32) -> [UInt64]? {
        record.state.plan.state(of: peers[index]).map { state in
            let counts = state.evidenceCounts(at: second, settings: record.settings.logCheck)
            return [counts.requests, counts.failures, counts.run]
        }
    }

    // MARK: Ejections

    @Test mutating func `ejection and readmission clear the evidence, and outcomes between count in statistics alone`() throws {
        change(at: 0) { $0.logCheck.recover = .seconds(3) }
        publish([0, 1, 2, 3], at: 0)
        report(.status(500), 5, of: 0, at: 1)
        #expect(health(0) == .ejected)
        #expect(evidence(0, at: 1) == [0, 0, 0])
        report(.status(500), 50, of: 0, at: 2)
        #expect(evidence(0, at: 2) == [0, 0, 0])
        #expect(record.state.outcomes(window: 60, before: 3).requests == 55)

        advance(to: 4.5)
        #expect(health(0) == .unchecked)
        report(.status(500), 4, of: 0, at: 4.5)
        #expect(evidence(0, at: 4) == [4, 4, 4])
        #expect(health(0) == .unchecked)
        report(.status(500), 1, of: 0, at: 4.6)
        #expect(health(0) == .ejected)
    }

    @Test mutating func `a peer is back when its time is over, sweep or no sweep`() throws {
        change(at: 0) {
            $0.logCheck.recover = .seconds(7)
            $0.logCheck.interval = .seconds(1000)
        }
        publish([0, 1, 2, 3], at: 0)
        report(.status(500), 5, of: 0, at: 1)
        let deadline = try #require(record.deadline)
        #expect(((1 + 6.3)...(1 + 7.7)).contains(start.duration(to: deadline) / .seconds(1)))
        advance(to: start.duration(to: deadline) / .seconds(1) - 0.001)
        #expect(health(0) == .ejected)
        advance(to: start.duration(to: deadline) / .seconds(1) + 0.001)
        #expect(health(0) == .unchecked)
    }

    @Test mutating func `an ejection outlives the peer's leaving and ends at its time while it is away`() throws {
        publish([0, 1, 2, 3], at: 0)
        report(.status(500), 5, of: 0, at: 1)
        #expect(publish([1, 2, 3], at: 2).map(\.to) == [.ejected])
        #expect(publish([0, 1, 2, 3], at: 3).isEmpty)
        #expect(health(0) == .ejected)
        #expect(record.state.plan.member(peers[0])?.effectiveWeight == 0)
        publish([1, 2, 3], at: 4)
        advance(to: 1 + 66.1)
        publish([0, 1, 2, 3], at: 68)
        #expect(record.state.plan.member(peers[0])?.effectiveWeight == 100)
        report(.status(500), 5, of: 0, at: 69)
        #expect(health(0) == .ejected)
    }

    @Test mutating func `a peer that waits for its first check does not make another one the last but one`() {
        change(at: 0) { $0.healthCheck.picksNewPeers = false }
        publish([0, 1], at: 0)
        check(0, 200, at: 1)
        publish([0, 1], at: 1)
        report(.status(500), 5, of: 0, at: 2)
        #expect(health(0) == .healthy)
        #expect(publish([0, 1], at: 2).map(\.reason) == ["not ejected for 5 failures in a row: it is the last eligible peer"])
        check(1, 200, at: 3)
        advance(to: 7)
        report(.status(500), 1, of: 0, at: 7)
        #expect(health(0) == .ejected)
    }

    @Test mutating func `the room for ejections follows whatever changes it, also before it is in a plan`() {
        func isOut(_ index: Int) -> Bool { record.verdicts.shown(peers[index])?.isEligible == false }
        change(at: 0) { $0.logCheck.recover = .seconds(20) }
        publish([0, 1, 2, 3], at: 0)
        report(.status(500), 5, of: 0, at: 1)
        report(.status(500), 5, of: 1, at: 2)
        report(.status(500), 5, of: 2, at: 3)
        #expect(isOut(0) && isOut(1) && !isOut(2))
        // Both are back, and one of them fails its checks.
        advance(to: 30)
        check(0, 500, at: 30)
        report(.status(500), 1, of: 2, at: 31)
        #expect(isOut(0) && !isOut(1) && isOut(2))
        report(.status(500), 5, of: 3, at: 32)
        #expect(!isOut(3))
        check(0, 200, at: 33)
        check(0, 200, at: 34)
        advance(to: 37)
        report(.status(500), 1, of: 3, at: 38)
        #expect(!isOut(0) && isOut(2) && isOut(3))
    }

    @Test mutating func `the room for ejections grows with the candidates`() {
        publish([0, 1], at: 0)
        report(.status(500), 5, of: 0, at: 1)
        report(.status(500), 5, of: 1, at: 2)
        #expect(health(0) == .ejected && health(1) == .unchecked)
        publish([0, 1, 2, 3], at: 3)
        // The sweep hears the accusation, so that the next failure brings another one.
        advance(to: 7)
        report(.status(500), 1, of: 1, at: 8)
        #expect(health(1) == .ejected)
    }

    // MARK: Active checks

    @Test mutating func `a peer that is probed no more is neither healthy nor unhealthy`() {
        publish([0, 1, 2], at: 0)
        check(0, 500, at: 1)
        check(1, 200, at: 1)
        publish([0, 1, 2], at: 1)
        #expect(record.state.plan.member(peers[0])?.effectiveWeight == 0)

        let unprobed = PeerValue(checkURL: "", slowStart: 0)
        let transitions = publish([0, 1, 2], value: unprobed, at: 2).sorted { $0.peer < $1.peer }
        #expect(transitions.map(\.from) == [.unhealthy, .healthy] && transitions.map(\.to) == [.unchecked, .unchecked])
        #expect(transitions.map(\.reason) == ["it is not probed", "it is not probed"])
        #expect(record.state.plan.member(peers[0])?.effectiveWeight == 100)
        #expect(record.state.plan.member(peers[0])?.since == 2)
        // A probe that was under way says nothing any more.
        check(0, 500, at: 2.1)
        #expect(publish([0, 1, 2], value: unprobed, at: 3).isEmpty)
        #expect(health(0) == .unchecked)
    }

    @Test mutating func `checks that are switched off leave no verdict behind, an ejection stays`() {
        publish([0, 1, 2], at: 0)
        check(0, 500, at: 1)
        report(.status(500), 5, of: 0, at: 1)
        check(1, 500, at: 1)
        publish([0, 1, 2], at: 1)
        change(at: 2) { $0.healthCheck.isEnabled = false }
        let transitions = publish([0, 1, 2], at: 2)
        #expect(transitions.map(\.peer) == [peers[1]] && transitions.map(\.to) == [.unchecked])
        #expect(health(0) == .ejected)
        check(1, 500, at: 2.1)
        #expect(health(1) == .unchecked)
        advance(to: 100)
        #expect(health(0) == .unchecked)
    }

    @Test mutating func `what checks find below an ejection is shown, though nothing else changes`() {
        publish([0, 1, 2, 3], at: 0)
        check(0, 200, at: 1)
        report(.status(500), 5, of: 0, at: 2)
        publish([0, 1, 2, 3], at: 2)
        let verdicts = [3.0, 4, 5].map { seconds in record.check(peers[0], .status(500), at: at(seconds), wallTime: seconds) }
        #expect(verdicts == [false, false, true])
        #expect(publish([0, 1, 2, 3], at: 5).isEmpty)
        #expect(record.state.plan.member(peers[0])?.verdict?.activeIsHealthy == false)
        #expect(health(0) == .ejected)
    }

    @Test mutating func `in panic the eligible peers are those that are well, whoever is picked`() {
        publish([0, 1, 2, 3], at: 0)
        for index in 0..<3 { check(index, 500, at: 1) }
        publish([0, 1, 2, 3], at: 1)
        #expect(!record.state.plan.isPanic && record.state.plan.details.eligible == 1)
        check(3, 500, at: 2)
        publish([0, 1, 2, 3], at: 2)
        #expect(record.state.plan.isPanic && record.state.plan.details.eligible == 0)
        #expect(record.state.plan.members.allSatisfy { $0.effectiveWeight == 100 })
    }

    // MARK: Other peers in the same place

    @Test mutating func `a run is not held against the peer that has come in the place of the one that failed`() throws {
        publish([0, 1, 2, 3], value: PeerValue(slowStart: 0, identity: "a"), at: 0)
        for _ in 0..<5 { _ = record.state.record(Outcome(result: .status(500), reporter: "r"), of: peers[0], at: .second(0)) }
        let run = signals.take().compactMap { signal -> (peer: PeerState, finding: Finding)? in
            if case .run(_, let peer, let finding) = signal { (peer, finding) } else { nil }
        }
        let found = try #require(run.first)
        publish([0, 1, 2, 3], value: PeerValue(slowStart: 0, identity: "b"), at: 1)
        let isJudged = record.judge(found.peer, found.finding, at: at(1), wallTime: 1)
        #expect(!isJudged && health(0) == nil)
    }

    @Test mutating func `a peer is told from the next one also when a source that cannot tell spoke of it between`() {
        func state() -> PeerState? { record.state.plan.state(of: peers[0]) }
        func value(_ identity: String) -> PeerValue { PeerValue(slowStart: 0, identity: identity) }
        publish([0, 1], value: value("a"), at: 0)
        let first = state()
        publish([0, 1], value: value(""), at: 1)
        #expect(state() === first)
        publish([0, 1], value: value("a"), at: 2)
        #expect(state() === first)
        publish([0, 1], value: value(""), at: 3)
        publish([0, 1], value: value(""), at: 4)
        #expect(state() === first)
        publish([0, 1], value: value("b"), at: 5)
        #expect(state() !== first)
    }

    // MARK: Ramps

    @Test mutating func `a peer that its operator holds back at the beginning ramps when it may be picked`() {
        func value(_ status: PeerValue.Status) -> PeerValue { PeerValue(checkURL: "", slowStart: 50, status: status) }
        publish([0, 1, 2], value: value(.up), except: [3: value(.down)], at: 0)
        publish([0, 1, 2, 3], value: value(.up), at: 1000)
        #expect(record.state.plan.members.map(\.effectiveWeight) == [100, 100, 100, 10])
    }

    // MARK: Other settings

    @Test mutating func `evidence of one reporter is none where two have to agree from now on`() {
        publish([0, 1, 2, 3], at: 0)
        change(at: 0) { $0.logCheck.consecutiveFailures = 0 }
        report(.status(500), 20, of: 0, at: 1)
        #expect(evidence(0, at: 1) == [20, 20, 20])
        change(at: 2) { $0.logCheck.minReporters = 2 }
        #expect(evidence(0, at: 2) == [0, 0, 0])
        report(.status(500), 20, of: 1, at: 2)
        change(at: 3) { $0.logCheck.minReporters = 3 }
        advance(to: 6)
        #expect(health(0) == nil && health(1) == nil)
    }

    @Test mutating func `a shorter interval between sweeps holds at once`() throws {
        change(at: 0) { $0.logCheck.interval = .seconds(3600) }
        publish([0, 1, 2, 3], at: 0)
        report(.status(200), 1, of: 0, at: 1)
        #expect(record.deadline == at(3601))
        change(at: 2) { $0.logCheck.interval = .seconds(5) }
        #expect(record.deadline == at(7))
        change(at: 3) { $0.logCheck.interval = .seconds(60) }
        #expect(record.deadline == at(7))
    }
}

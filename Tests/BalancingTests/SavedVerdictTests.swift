import Testing

@testable import Balancing

/// Verdicts over a restart.
struct SavedVerdictTests {
    private let now = ContinuousClock.now
    private let peer: PeerAddress
    private let settings = LogCheckSettings()
    private let finding = Finding(rule: .failureRatio, requests: 10, failures: 6, run: 2, window: 10)

    init() throws {
        peer = try PeerAddress("10.0.0.1:80")
    }

    private func restore(_ saved: SavedVerdict, wallTime: Double) -> ServiceVerdicts {
        ServiceVerdicts(restoring: [peer: saved], at: now, wallTime: wallTime, settings: settings)
    }

    @Test func `what is restored is what was saved`() {
        let verdicts = [
            SavedVerdict(),
            SavedVerdict(since: 5, isHealthy: true),
            SavedVerdict(since: 5, isHealthy: false, reason: "check failed: timed out"),
            SavedVerdict(since: 5, ejectedUntil: 150, finding: finding, ejections: 3),
            SavedVerdict(since: 5, isHealthy: true, ejections: 2, readmitted: 90),
        ]
        for verdict in verdicts { #expect(restore(verdict, wallTime: 100).saved(at: now, wallTime: 100) == [peer: verdict]) }
    }

    @Test func `an ejection goes on for the rest of its time`() {
        var verdicts = restore(SavedVerdict(since: 90, ejectedUntil: 130, finding: finding, ejections: 1), wallTime: 110)
        #expect(verdicts.shown(peer)?.health == .ejected)
        #expect(verdicts.shown(peer)?.reason == "ejected: failure ratio 0.60 over 10 requests in 10 s")
        #expect(verdicts.shown(peer)?.since == 90)
        #expect(verdicts.readmit(at: now + .seconds(19.9), wallTime: 129.9).isEmpty)
        #expect(verdicts.readmit(at: now + .seconds(20), wallTime: 130).map(\.to) == [.unchecked])
    }

    @Test func `one that ended meanwhile ends at once, with its event`() {
        var verdicts = restore(SavedVerdict(since: 90, ejectedUntil: 130, finding: finding, ejections: 1), wallTime: 1000)
        #expect(verdicts.shown(peer)?.health == .ejected)
        #expect(verdicts.readmit(at: now, wallTime: 1000).map(\.from) == [.ejected])
    }

    @Test func `no ejection becomes longer than the longest new one, though the clock was put back`() {
        let verdicts = restore(SavedVerdict(since: 90, ejectedUntil: 1_000_000, finding: finding, ejections: 1), wallTime: 100)
        #expect(verdicts.nextReadmission == now + .seconds(330))
    }

    @Test func `the next ejection knows of those before the restart`() {
        var verdicts = restore(SavedVerdict(since: 90, isHealthy: true, ejections: 2, readmitted: 95), wallTime: 100)
        var generator = SystemRandomNumberGenerator()
        var pool = EjectionPool()
        for _ in 0..<2 { pool.add(nil, isEligible: true) }
        _ = verdicts.eject(
            peer,
            finding,
            isEligible: true,
            from: &pool,
            at: now,
            wallTime: 100,
            settings: settings,
            using: &generator
        )
        let length = verdicts.nextReadmission.map { now.duration(to: $0) / .seconds(1) }
        #expect((162...198).contains(length ?? 0))
    }
}

import TestSupport
import Testing

@testable import Balancing

struct ServiceVerdictsTests {
    private let start = ContinuousClock.now
    private var verdicts = ServiceVerdicts()
    private var generator = SeededGenerator(seed: 9)
    private let peers: [PeerAddress]
    private var settings = LogCheckSettings()
    private var checks = HealthCheckSettings()
    private let finding = Finding(rule: .failureRatio, requests: 10, failures: 6, run: 1, window: 10)

    init() throws {
        peers = try (1...10).map { try PeerAddress("10.0.0.\($0):80") }
    }

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    private mutating func eject(_ index: Int, at seconds: Double, of count: Int = 10) -> [Transition] {
        var pool = EjectionPool()
        for peer in peers[..<count] {
            let verdict = verdicts.shown(peer)
            pool.add(verdict, isEligible: verdict?.isEligible ?? true)
        }
        return verdicts.eject(
            peers[index],
            finding,
            isEligible: verdicts.shown(peers[index])?.isEligible ?? true,
            from: &pool,
            at: at(seconds),
            wallTime: seconds,
            settings: settings,
            using: &generator
        )
    }

    private mutating func check(_ index: Int, _ result: CheckResult, at seconds: Double) -> [Transition] {
        verdicts.check(peers[index], result, at: at(seconds), wallTime: seconds, settings: checks, logCheck: settings)
    }

    // MARK: Active checks

    @Test mutating func `the first result decides at once, later ones by rise and fall`() {
        #expect(check(0, .status(200), at: 0).map(\.to) == [.healthy])
        #expect(check(0, .status(500), at: 1).isEmpty && check(0, .failure("timed out"), at: 2).isEmpty)
        let fall = check(0, .failure("timed out"), at: 3)
        #expect(fall == [Transition(peer: peers[0], from: .healthy, to: .unhealthy, reason: "check failed: timed out")])
        #expect(verdicts.shown(peers[0])?.since == 3 && verdicts.shown(peers[0])?.isEligible == false)
        #expect(check(0, .status(204), at: 4).isEmpty)
        #expect(check(0, .status(204), at: 5).map(\.to) == [.healthy])
        #expect(verdicts.shown(peers[0])?.reason == "")
    }

    @Test mutating func `a pass between two failures starts the count again`() {
        _ = check(0, .status(200), at: 0)
        for round in 0..<5 {
            #expect(check(0, .status(500), at: Double(round)).isEmpty)
            #expect(check(0, .status(500), at: Double(round)).isEmpty)
            #expect(check(0, .status(200), at: Double(round)).isEmpty)
        }
    }

    @Test(arguments: [(200, true), (301, true), (404, true), (500, false), (503, false), (418, false)])
    mutating func `the statuses that pass are those of the configuration, and a server error is none`(status: Int, passes: Bool) {
        #expect(check(0, .status(status), at: 0).map(\.to) == [passes ? .healthy : .unhealthy])
    }

    // MARK: Ejections

    @Test mutating func `an ejection lasts its time and then ends by itself`() throws {
        let out = eject(0, at: 0)
        #expect(out.map(\.to) == [.ejected] && out.first?.reason.hasPrefix("ejected: failure ratio 0.60 over 10 requests in 10 s") == true)
        let end = try #require(verdicts.nextReadmission)
        #expect((54...66).contains(start.duration(to: end) / .seconds(1)))
        #expect(verdicts.readmit(at: end - .milliseconds(1), wallTime: 59).isEmpty)
        #expect(verdicts.readmit(at: end, wallTime: 60).map(\.to) == [.unchecked])
        #expect(verdicts.shown(peers[0])?.isEligible == true)
    }

    @Test mutating func `ejections grow longer up to their limit, and shorter again with time in the pool`() throws {
        settings.maxRecover = .seconds(150)
        var now = 0.0
        for expected in [60.0, 120, 150, 150] {
            _ = eject(0, at: now)
            let lasts = at(now).duration(to: try #require(verdicts.nextReadmission)) / .seconds(1)
            #expect(abs(lasts - expected) <= expected * 0.1 + 0.001)
            now += lasts + 1
            _ = verdicts.readmit(at: at(now), wallTime: now)
        }
        now += 60 * 4 + 5
        _ = eject(0, at: now)
        #expect(at(now).duration(to: try #require(verdicts.nextReadmission)) < .seconds(66.1))
    }

    @Test mutating func `the multiplier falls by one for each recover in the pool`() throws {
        for (stay, expected) in [(1.0, 4.0), (59, 4), (61, 3), (119, 3), (121, 2), (181, 1), (10_000, 1)] {
            verdicts = ServiceVerdicts()
            var now = 0.0
            for _ in 1...3 {
                _ = eject(0, at: now)
                now = start.duration(to: try #require(verdicts.nextReadmission)) / .seconds(1) + 1e-6
                _ = verdicts.readmit(at: at(now), wallTime: now)
            }
            _ = eject(0, at: now + stay)
            let lasts = at(now + stay).duration(to: try #require(verdicts.nextReadmission)) / .seconds(60)
            #expect(abs(lasts - expected) <= expected * 0.1 + 0.001, "after \(stay) s in the pool")
        }
    }

    @Test mutating func `the length of an ejection varies by a tenth either way, also where the limit cuts it`() throws {
        settings.recover = .seconds(600)
        settings.maxRecover = .seconds(100)
        let lengths = try (0..<1000).map { _ in
            verdicts = ServiceVerdicts()
            _ = eject(0, at: 0)
            return start.duration(to: try #require(verdicts.nextReadmission)) / .seconds(1)
        }
        #expect(lengths.allSatisfy { (90...110).contains($0) })
        #expect(lengths.min().map { $0 < 91 } == true && lengths.max().map { $0 > 109 } == true)
    }

    @Test mutating func `no more are out than allowed, and a refusal says so once a sweep`() {
        settings.maxEjected = 0.5
        for index in 0..<5 { #expect(eject(index, at: 0).map(\.to) == [.ejected]) }
        let refused = eject(5, at: 0)
        #expect(refused.count == 1 && refused[0].from == refused[0].to && refused[0].reason.contains("max_ejected allows 5"))
        #expect(eject(5, at: 1).isEmpty)
        #expect(eject(5, at: 6).count == 1)
        #expect(verdicts.shown(peers[5])?.isEligible != false)
    }

    @Test(arguments: [(0.29, 100, 29), (0.57, 100, 57), (0.3, 10, 3), (0.34, 3, 1), (0.33, 3, 0), (0.999, 1000, 999), (1, 4, 3), (0, 10, 0)])
    mutating func `as many may be out as the product says, rounded down`(maxEjected: Double, candidates: Int, allowed: Int) throws {
        settings.maxEjected = maxEjected
        var pool = EjectionPool()
        let peers = try (0..<candidates).map { try PeerAddress("10.0.\($0 / 250).\($0 % 250):80") }
        for _ in peers { pool.add(nil, isEligible: true) }
        let out = peers.count { peer in
            verdicts.eject(peer, finding, isEligible: true, from: &pool, at: start, wallTime: 0, settings: settings, using: &generator)
                .contains { $0.to == .ejected }
        }
        #expect(out == allowed)
    }

    @Test mutating func `unhealthy peers count as out`() {
        for index in 0..<5 { _ = check(index, .status(500), at: 0) }
        #expect(eject(6, at: 0).first?.to != .ejected)
        // One that is out already may be ejected: nobody leaves the pool by it.
        #expect(eject(0, at: 0).first?.to == .ejected)
    }

    @Test mutating func `the last eligible peer stays`() {
        settings.maxEjected = 1
        #expect(eject(0, at: 0, of: 2).map(\.to) == [.ejected])
        #expect(eject(1, at: 0, of: 2).first?.reason.contains("last eligible") == true)
        #expect(eject(2, at: 0, of: 1).first?.to != .ejected)
    }

    @Test mutating func `a passing check ends an ejection only where that is configured`() {
        _ = check(0, .status(200), at: 0)
        _ = eject(0, at: 1)
        #expect(check(0, .status(200), at: 2).isEmpty)
        #expect(verdicts.shown(peers[0])?.health == .ejected)
        settings.readmitOnCheck = true
        #expect(check(0, .status(200), at: 3).map(\.to) == [.healthy])
    }

    @Test mutating func `the active verdict goes on below an ejection`() {
        _ = check(0, .status(200), at: 0)
        _ = eject(0, at: 1)
        for second in 2..<5 { _ = check(0, .status(500), at: Double(second)) }
        _ = verdicts.readmit(at: at(100), wallTime: 100)
        #expect(verdicts.shown(peers[0])?.health == .unhealthy)
    }

    @Test mutating func `an ejection survives the peer's leaving, other verdicts do not`() {
        _ = eject(0, at: 0)
        _ = check(1, .status(500), at: 0)
        verdicts.forget(peers[0])
        verdicts.forget(peers[1])
        #expect(verdicts.shown(peers[0])?.health == .ejected)
        #expect(verdicts.shown(peers[1]) == nil)
    }

    // MARK: Since when

    @Test mutating func `since is when the health last changed, whatever else is noted or forgotten`() {
        settings.maxEjected = 0
        #expect(eject(0, at: 7).count == 1)
        #expect(verdicts.shown(peers[0])?.since == nil, "a refusal changes no health")
        settings.maxEjected = 0.5
        _ = eject(0, at: 20)
        #expect(verdicts.shown(peers[0])?.since == 20)
        _ = verdicts.readmit(at: at(100), wallTime: 100)
        verdicts.forgetEjections(at: at(1000), settings: settings)
        #expect(!verdicts.remembersEjections)
        #expect(verdicts.shown(peers[0])?.health == .unchecked && verdicts.shown(peers[0])?.since == 100)
    }
}

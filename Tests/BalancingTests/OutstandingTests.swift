import Foundation
import Testing

@testable import Balancing

/// What is known of requests under way.
struct OutstandingTests {
    private let unknown = PeakLatency()

    private func at(_ milliseconds: UInt64) -> Moment { Moment(milliseconds: milliseconds) }

    private func latency(_ milliseconds: Float, at moment: UInt64 = 0) -> PeakLatency {
        PeakLatency().observing(milliseconds, at: at(moment))
    }

    private func picks(_ count: Float, at moment: Moment) -> Outstanding { Outstanding().beginning(count, at: moment, unknown) }

    @Test func `picks add and outcomes take away, never below zero`() {
        var outstanding = picks(5, at: at(1000))
        #expect(outstanding.count(at: at(1000), unknown) == 5)
        outstanding = outstanding.ending(3, after: nil, at: at(1000), unknown)
        #expect(outstanding.count(at: at(1000), unknown) == 2)
        outstanding = outstanding.ending(100, after: nil, at: at(1000), unknown)
        #expect(outstanding.count(at: at(1000), unknown) == 0)
    }

    @Test(arguments: [1, 64] as [Float]) func `what is never reported counts for half after every ten seconds`(count: Float) {
        let outstanding = picks(count, at: at(5000))
        for halves in 0...6 {
            let left = outstanding.count(at: at(5000 + 10_000 * UInt64(halves)), unknown)
            #expect(abs(left - count / Float(1 << halves)) < 0.001)
        }
    }

    @Test(arguments: [0.1, 20, 1000] as [Float])
    func `where the latency is known picks fade by half in five times that, in 50 ms at least, and more slowly the longer nothing is heard`(
        milliseconds: Float
    ) {
        let first = max(50, 5 * milliseconds)
        let latency = latency(milliseconds)
        func left(_ start: Float, _ end: Float) -> Float { picks(8, at: at(UInt64(start))).count(at: at(UInt64(end)), latency) / 8 }
        // A hundredth of the half-life, so that it grows little meanwhile.
        #expect(abs(left(0, first / 50) - exp2(-0.02)) < 0.001)
        // Twice as slowly when so much time has passed that the half-life has doubled.
        let doubled = 2 * first / log(2)
        #expect(abs(left(doubled, doubled + first / 50) - exp2(-0.01)) < 0.001)
        // And never more slowly than by half in ten seconds.
        #expect(abs(left(40_000, 50_000) - 0.5) < 0.001)
        #expect(abs(left(0, 59_000) - left(0, 30_000) * left(30_000, 59_000)) < 0.001)
    }

    @Test func `what an outcome takes away is what is left of its pick`() {
        let answered = picks(2, at: at(0)).ending(1, after: 100, at: at(100), latency(20, at: 50))
        let left = picks(1, at: at(0)).count(at: at(100), latency(20, at: 50))
        #expect(abs(answered.count(at: at(100), latency(20, at: 50)) - left) < 0.1)
        // Less than half a request is none.
        #expect(picks(1, at: at(0)).ending(1, after: 40, at: at(0), latency(20)).count == 0)
    }

    /// Always as many requests are under way, each of which takes 400 ms, for a minute.
    private func keepBusy(_ count: Int, tellsLatency: Bool, isKnown: Bool) -> Float {
        var outstanding = picks(Float(count), at: at(0))
        var latency = isKnown ? latency(400) : unknown
        for turn in 1...(150 * count) {
            let now = at(UInt64(400 * turn / count))
            outstanding = outstanding.ending(1, after: tellsLatency ? 400 : nil, at: now, latency)
            if isKnown { latency = latency.observing(400, at: now) }
            outstanding = outstanding.beginning(1, at: now, latency)
        }
        return outstanding.count(at: at(60_000), latency)
    }

    @Test(arguments: [1, 4, 40], [(true, true), (true, false), (false, true), (false, false)])
    func `a peer that is busy all the time counts as busy, with and without latencies`(count: Int, known: (Bool, Bool)) {
        let left = keepBusy(count, tellsLatency: known.0, isKnown: known.1) / Float(count)
        #expect((0.85...1.05).contains(left), "\(left)")
    }

    @Test func `where no latency is known, nothing fades within a second of an outcome`() {
        let answered = picks(9, at: at(0)).ending(1, after: nil, at: at(0), unknown)
        #expect(answered.count(at: at(1000), unknown) == 8)
        #expect(abs(answered.count(at: at(11_000), unknown) - 4) < 0.01)
        #expect(answered.beginning(2, at: at(500), unknown).count(at: at(1000), unknown) == 10)
    }

    @Test func `a moment that has passed changes nothing, and the clock may wrap`() {
        let outstanding = picks(8, at: at(500_000))
        #expect(outstanding.count(at: at(400_000), unknown) == 8)
        let wrap: UInt64 = 1 << 32
        #expect(abs(picks(8, at: at(wrap - 1000)).count(at: at(wrap + 9000), unknown) - 4) < 0.001)
        let answered = picks(9, at: at(wrap - 500)).ending(1, after: nil, at: at(wrap - 500), unknown)
        #expect(answered.beginning(1, at: at(wrap - 400), unknown).count(at: at(wrap + 500), unknown) == 9)
    }

    @Test func `eight bytes hold it`() {
        let outstanding = picks(3, at: at(123_456)).ending(0.5, after: 7, at: at(130_000), unknown).beginning(1, at: at(130_004), unknown)
        #expect(Outstanding(bits: outstanding.bits) == outstanding)
        let latency = PeakLatency().observing(12.5, at: at(77))
        #expect(PeakLatency(bits: latency.bits) == latency)
        #expect(PeakLatency(bits: PeakLatency().bits).milliseconds(at: at(0)) == nil)
    }

    // MARK: - Latency

    @Test func `a latency above the average raises it at once, one below lowers it slowly`() throws {
        var latency = PeakLatency().observing(10, at: at(0))
        latency = latency.observing(200, at: at(10))
        #expect(latency.milliseconds(at: at(10)) == 200)
        latency = latency.observing(10, at: at(1010))
        let expected = 10 + 190 * Float(0.904_837)
        #expect(abs(try #require(latency.milliseconds(at: at(1010))) - expected) < 0.1)
    }

    @Test func `without samples it falls to 1-e in ten seconds, and is unknown after a minute`() throws {
        let latency = PeakLatency().observing(100, at: at(0))
        #expect(abs(try #require(latency.milliseconds(at: at(10_000))) - 36.79) < 0.01)
        #expect(latency.milliseconds(at: at(59_999)) != nil)
        #expect(latency.milliseconds(at: at(60_000)) == nil)
        #expect(latency.observing(5, at: at(70_000)).milliseconds(at: at(70_000)) == 5)
    }

    @Test(arguments: [1, nil] as [Float?]) func `a failure counts as a slow answer, however fast it came`(failure: Float?) throws {
        let latency = PeakLatency().observing(100, at: at(0))
        let once = try #require(latency.observingFailure(failure, at: at(10)).milliseconds(at: at(10)))
        #expect(once > 100 && once < 110)
        let later = try #require(latency.observingFailure(failure, at: at(5000)).milliseconds(at: at(5000)))
        #expect(abs(later - (1000 - 900 * Float(0.606_531))) < 0.1)
        #expect(PeakLatency().observingFailure(failure, at: at(0)).milliseconds(at: at(0)) == 1000)
        #expect(latency.observingFailure(3000, at: at(5000)).milliseconds(at: at(5000)) == 3000)
        var failing = latency
        for second in 1...60 { failing = failing.observingFailure(failure, at: at(UInt64(second * 1000))) }
        let worst = try #require(failing.milliseconds(at: at(60_000)))
        #expect(worst > 5_000 && worst <= 10_000)
    }

    @Test func `what was known before the clock's lower bits came round is long ago`() {
        let weeks: UInt64 = 25 * 86_400_000
        #expect(PeakLatency().observing(100, at: at(0)).milliseconds(at: at(weeks)) == nil)
        #expect(picks(3, at: at(0)).count(at: at(weeks), unknown) < 0.001)
    }
}

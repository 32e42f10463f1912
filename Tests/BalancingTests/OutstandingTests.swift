import Testing

@testable import Balancing

/// What is known of requests under way.
struct OutstandingTests {
    private func at(_ milliseconds: UInt64) -> Moment { Moment(milliseconds: milliseconds) }

    private func picks(_ count: Int, at moment: Moment) -> Outstanding {
        (0..<count).reduce(Outstanding()) { outstanding, _ in outstanding.beginning(1, at: moment, latency: nil) }
    }

    @Test func `picks add and outcomes take away, never below zero`() {
        var outstanding = picks(5, at: at(1000))
        #expect(outstanding.count(at: at(1000), latency: nil) == 5)
        outstanding = outstanding.ending(3, at: at(1000), latency: nil)
        #expect(outstanding.count(at: at(1000), latency: nil) == 2)
        outstanding = outstanding.ending(100, at: at(1000), latency: nil)
        #expect(outstanding.count(at: at(1000), latency: nil) == 0)
    }

    @Test(arguments: [1, 64]) func `what is never reported counts for half after every ten seconds`(count: Int) {
        let outstanding = picks(count, at: at(5000))
        for halves in 0...6 {
            let left = outstanding.count(at: at(5000 + 10_000 * UInt64(halves)), latency: nil)
            #expect(abs(left - Float(count) / Float(1 << halves)) < 0.001)
        }
        #expect(abs(Outstanding.remainder(after: 10) - 0.5) < 1e-6)
    }

    @Test func `where the latency is known, a pick fades soon, and later the more picks there were since the last outcome`() {
        for (count, halfLife) in [(2, 200), (4, 400), (6, 800), (12, 6400), (14, 10_000), (1000, 10_000)] {
            let left = picks(count, at: at(0)).count(at: at(UInt64(halfLife)), latency: 20)
            #expect(abs(left - Float(count) / 2) < 0.001 * Float(count))
        }
        let answered = picks(9, at: at(0)).ending(1, at: at(0), latency: 20)
        #expect(abs(answered.count(at: at(100), latency: 20) - 4) < 0.01)
        let takenBack = picks(9, at: at(0)).takingBack(1, at: at(0), latency: 20)
        #expect(takenBack.count(at: at(100), latency: 20) > 7.7)
    }

    @Test func `the half-life is never under 50 ms`() {
        let answered = picks(3, at: at(0)).ending(1, at: at(0), latency: 0.1)
        #expect(abs(answered.count(at: at(52), latency: 0.1) - 2 * 0.486) < 0.01)
    }

    @Test func `a moment that has passed changes nothing, and the clock may wrap`() {
        let outstanding = picks(8, at: at(500_000))
        #expect(outstanding.count(at: at(400_000), latency: nil) == 8)
        let wrap: UInt64 = 4 << 24
        #expect(abs(picks(8, at: at(wrap - 1000)).count(at: at(wrap + 9000), latency: nil) - 4) < 0.001)
    }

    @Test func `eight bytes hold it`() {
        let outstanding = picks(3, at: at(123_456)).ending(0.5, at: at(130_000), latency: nil).beginning(1, at: at(130_004), latency: nil)
        #expect(Outstanding(bits: outstanding.bits) == outstanding)
        let latency = PeakLatency().observing(12.5, isFailure: false, at: at(77))
        #expect(PeakLatency(bits: latency.bits) == latency)
        #expect(PeakLatency(bits: PeakLatency().bits).milliseconds(at: at(0)) == nil)
    }

    // MARK: - Latency

    @Test func `a latency above the average raises it at once, one below lowers it slowly`() throws {
        var latency = PeakLatency().observing(10, isFailure: false, at: at(0))
        latency = latency.observing(200, isFailure: false, at: at(10))
        #expect(latency.milliseconds(at: at(10)) == 200)
        latency = latency.observing(10, isFailure: false, at: at(1010))
        let expected = 10 + 190 * Float(0.904_837)
        #expect(abs(try #require(latency.milliseconds(at: at(1010))) - expected) < 0.1)
    }

    @Test func `without samples it falls to 1-e in ten seconds, and is unknown after a minute`() throws {
        let latency = PeakLatency().observing(100, isFailure: false, at: at(0))
        #expect(abs(try #require(latency.milliseconds(at: at(10_000))) - 36.79) < 0.01)
        #expect(latency.milliseconds(at: at(59_999)) != nil)
        #expect(latency.milliseconds(at: at(60_000)) == nil)
        #expect(latency.observing(5, isFailure: false, at: at(70_000)).milliseconds(at: at(70_000)) == 5)
    }

    @Test func `a failure never makes a peer look faster`() {
        let latency = PeakLatency().observing(100, isFailure: false, at: at(0)).observing(1, isFailure: true, at: at(5000))
        #expect(latency.milliseconds(at: at(5000)) == 100)
        #expect(latency.observing(3000, isFailure: true, at: at(5000)).milliseconds(at: at(5000)) == 3000)
    }
}

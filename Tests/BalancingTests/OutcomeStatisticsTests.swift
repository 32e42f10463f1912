import Balancing
import TestSupport
import Testing

struct OutcomeStatisticsTests {
    private static let shares = [0.01, 0.5, 0.9, 0.99, 1]

    private static func check(_ counts: OutcomeCounts, _ expected: ExpectedCounts, _ comment: Comment) {
        #expect(counts.requests == expected.requests, comment)
        #expect(counts.failures(.serverErrors) == expected.failures, comment)
        #expect(Dictionary(uniqueKeysWithValues: counts.results.map { ($0.result, $0.count) }) == expected.results, comment)
        #expect(counts.latencyCount == expected.latencyCount, comment)
        #expect(abs(counts.latencySum - expected.latencySum) <= 1e-9 * expected.latencySum, comment)
        #expect(abs(counts.latencyMean * Double(max(1, counts.latencyCount)) - expected.latencySum) <= 1e-9 * expected.latencySum, comment)
        for share in shares {
            let exact = expected.quantile(share)
            #expect(abs(counts.latencyQuantile(share) - exact) <= 0.05 * exact, comment)
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `every number matches a plain record of the same outcomes`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var statistics = OutcomeStatistics()
        var record: [ReportedOutcome] = []
        var second = UInt32.random(in: 0...30, using: &generator)
        for step in 0..<3000 {
            // Mostly busy, with gaps of up to a minute and a half.
            switch Int.random(in: 0..<200, using: &generator) {
            case 0: second += UInt32.random(in: 1...90, using: &generator)
            case 1..<20: second += 1
            default: break
            }
            let reported = ReportedOutcome.random(at: second, using: &generator)
            statistics.record(reported.outcome, at: second)
            record.append(reported)
            guard step % 10 == 0 else { continue }
            record.removeAll { $0.second + 80 < second }
            let window = Int.random(in: 1...60, using: &generator)
            let before = second + UInt32.random(in: 0...3, using: &generator)
            let expected = ExpectedCounts(record, window: UInt32(window), before: before)
            Self.check(statistics.counts(window: window, before: before), expected, "window \(window) before \(before), step \(step)")
        }
    }

    @Test func `only complete seconds are counted`() {
        var statistics = OutcomeStatistics()
        for second in UInt32(100)...105 { statistics.record(Outcome(result: .status(200), count: second - 99, reporter: ""), at: second) }
        #expect(statistics.counts(window: 60, before: 105).requests == 1 + 2 + 3 + 4 + 5)
        #expect(statistics.counts(window: 2, before: 105).requests == 4 + 5)
        #expect(statistics.counts(window: 1, before: 100).requests == 0)
        #expect(statistics.counts(window: 60, before: 160).requests == 1 + 2 + 3 + 4 + 5 + 6)
        #expect(statistics.counts(window: 60, before: 161).requests == 2 + 3 + 4 + 5 + 6)
        #expect(statistics.counts(window: 60, before: 0).requests == 0)
    }

    @Test(arguments: [61, 62, 122, 123, 65_535, 65_536, 65_537, 1_000_000] as [UInt32])
    func `what is older than a minute is not mistaken for what is new, however old it is`(gap: UInt32) {
        var statistics = OutcomeStatistics()
        for second in UInt32(100)..<110 { statistics.record(Outcome(result: .status(500), latencyMilliseconds: 9, reporter: ""), at: second) }
        statistics.record(Outcome(result: .status(200), latencyMilliseconds: 1, reporter: ""), at: 109 + gap)
        let counts = statistics.counts(window: 60, before: 110 + gap)
        #expect(counts.requests == 1 && counts.failures(.serverErrors) == 0)
        #expect(counts.latencyCount == 1 && counts.latencySum == 1)
    }

    @Test func `an outcome of a second that has passed goes to the newest`() {
        var statistics = OutcomeStatistics()
        statistics.record(Outcome(result: .status(200), latencyMilliseconds: 4, reporter: ""), at: 50)
        statistics.record(Outcome(result: .status(200), latencyMilliseconds: 6, reporter: ""), at: 49)
        #expect(statistics.counts(window: 1, before: 50).requests == 0)
        let counts = statistics.counts(window: 1, before: 51)
        #expect(counts.requests == 2 && counts.latencySum == 10)
    }

    @Test func `a second takes more than 32 bits can count`() {
        var statistics = OutcomeStatistics()
        for _ in 0..<10_000 { statistics.record(Outcome(result: .error(.reset), latencyMilliseconds: 2, count: 1_000_000, reporter: ""), at: 7) }
        let counts = statistics.counts(window: 1, before: 8)
        #expect(counts.requests == 10_000_000_000)
        #expect(counts.latencyCount == 10_000_000_000)
        #expect(counts.latencySum == 20_000_000_000)
        #expect(counts.latencyMean == 2)
    }

    @Test func `quantiles come from every ten-second slot that the window touches`() {
        var statistics = OutcomeStatistics()
        for second in UInt32(110)..<130 {
            statistics.record(Outcome(result: .status(200), latencyMilliseconds: second < 120 ? 10 : 1000, reporter: ""), at: second)
        }
        // Seconds 119 and 120 touch both slots, and so see twenty latencies of each kind; the mean is of the two seconds.
        let counts = statistics.counts(window: 2, before: 121)
        #expect(counts.latencyMean == 505)
        #expect(abs(counts.latencyQuantile(0.5) - 10) <= 0.5)
        #expect(abs(counts.latencyQuantile(0.51) - 1000) <= 50)
        #expect(abs(statistics.counts(window: 1, before: 120).latencyQuantile(1) - 10) <= 0.5)
    }

    @Test(arguments: [0, 0.010_01, 0.5, 1, 3, 1234.5, 3_600_000])
    func `a single latency is every quantile, from nothing to an hour`(latency: Double) {
        var statistics = OutcomeStatistics()
        statistics.record(Outcome(result: .status(200), latencyMilliseconds: latency, reporter: ""), at: 1)
        let counts = statistics.counts(window: 1, before: 2)
        for share in [0, 0.5, 1] { #expect(abs(counts.latencyQuantile(share) - latency) <= 0.05 * latency) }
    }

    @Test func `nothing was counted where nothing was recorded`() {
        let counts = OutcomeStatistics().counts(window: 60, before: 100)
        #expect(counts.requests == 0 && counts.results.isEmpty && counts.latencyMean == 0 && counts.latencyQuantile(0.99) == 0)
        #expect(OutcomeStatistics().isIdle(at: 0))
    }

    @Test func `statistics are idle a minute after the last outcome`() {
        var statistics = OutcomeStatistics()
        statistics.record(Outcome(result: .status(200), reporter: ""), at: 5)
        #expect(!statistics.isIdle(at: 65))
        #expect(statistics.isIdle(at: 66))
    }
}

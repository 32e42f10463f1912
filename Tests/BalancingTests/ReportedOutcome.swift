import Balancing

/// An outcome as a plain record keeps it, for computations that share no code with the statistics.
struct ReportedOutcome {
    var second: UInt32
    var outcome: Outcome

    /// An outcome as clients of many kinds report it.
    static func random(at second: UInt32, using generator: inout some RandomNumberGenerator) -> ReportedOutcome {
        let result: Outcome.Result =
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<6: .status(200)
            case 6: .status(503)
            case 7: .status(UInt16.random(in: 100...599, using: &generator))
            default: .error(Outcome.ErrorKind.allCases.randomElement(using: &generator) ?? .other)
            }
        // Spread evenly over the powers of ten from 0.01 ms to an hour.
        let exponent = Double.random(in: -1.99...6.55, using: &generator)
        let latency = Int.random(in: 0..<4, using: &generator) == 0 ? nil : power(exponent)
        let count = Int.random(in: 0..<3, using: &generator) == 0 ? UInt32.random(in: 1...1_000_000, using: &generator) : 1
        return ReportedOutcome(second: second, outcome: Outcome(result: result, latencyMilliseconds: latency, count: count, reporter: "r"))
    }

    private static func power(_ exponent: Double) -> Double {
        var value = 0.01
        for _ in 0..<Int((exponent + 2) * 100) { value *= 1.023_292_992_280_754 }
        return value
    }
}

/// The statistics of a window, computed the long way.
struct ExpectedCounts {
    var requests: UInt64 = 0
    var failures: UInt64 = 0
    var results: [Outcome.Result: UInt64] = [:]
    var latencyCount: UInt64 = 0
    var latencySum = 0.0
    /// Latencies of every ten-second slot that the window touches, sorted, with how often they occurred.
    private var latencies: [(value: Double, count: UInt64)] = []

    init(_ record: [ReportedOutcome], window: UInt32, before second: UInt32) {
        let first = second < window ? 0 : second - window
        for entry in record where entry.second >= first && entry.second < second {
            let outcome = entry.outcome
            requests += UInt64(outcome.count)
            results[outcome.result, default: 0] += UInt64(outcome.count)
            switch outcome.result {
            case .error, .status(500...599): failures += UInt64(outcome.count)
            case .status: break
            }
            guard let latency = outcome.latencyMilliseconds else { continue }
            latencyCount += UInt64(outcome.count)
            latencySum += latency * Double(outcome.count)
        }
        guard second > 0 else { return }
        for entry in record where entry.second / 10 >= first / 10 && entry.second / 10 <= (second - 1) / 10 {
            if let latency = entry.outcome.latencyMilliseconds { latencies.append((latency, UInt64(entry.outcome.count))) }
        }
        latencies.sort { $0.value < $1.value }
    }

    func quantile(_ share: Double) -> Double {
        let total = latencies.reduce(0) { $0 + $1.count }
        var seen: UInt64 = 0
        for (value, count) in latencies {
            seen += count
            if Double(seen) >= share * Double(total) { return value }
        }
        return 0
    }
}

/// Outcomes of a stretch of time, added up.
package struct OutcomeCounts: Sendable {
    /// How many outcomes there were with each result.
    package private(set) var results: [Outcome.Result: UInt64] = [:]
    /// How many outcomes carried a latency.
    package private(set) var latencyCount: UInt64 = 0
    /// The sum of these latencies, in milliseconds.
    package private(set) var latencySum = 0.0
    /// How these latencies are spread, for quantiles.
    package private(set) var latencies = LatencyHistogram()

    /// Makes counts of nothing.
    package init() {}

    /// How many outcomes there were.
    package var requests: UInt64 { results.values.reduce(0, +) }

    /// How many of them were failures.
    package func failures(_ rule: FailureRule) -> UInt64 {
        results.reduce(0) { $0 + (rule.isFailure($1.key) ? $1.value : 0) }
    }

    /// The mean latency in milliseconds; 0 when none is known.
    package var latencyMean: Double { latencyCount == 0 ? 0 : latencySum / Double(latencyCount) }

    /// Adds outcomes with one result.
    mutating func add(_ result: Outcome.Result, count: UInt64) { results[result, default: 0] += count }

    /// Adds latencies.
    mutating func addLatencies(count: UInt64, sum: Double) {
        latencyCount += count
        latencySum += sum
    }

    /// Adds a histogram of latencies.
    mutating func add(_ histogram: LatencyHistogram) { latencies.add(histogram) }

    /// Adds other counts.
    package mutating func add(_ other: OutcomeCounts) {
        for (result, count) in other.results { add(result, count: count) }
        addLatencies(count: other.latencyCount, sum: other.latencySum)
        latencies.add(other.latencies)
    }
}

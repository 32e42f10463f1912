/// Outcomes of a stretch of time, added up.
///
/// Holds memory only once there is something to count, then a counter for every code and every bucket, so that adding is cheap
/// whatever was reported: the statistics of all services are sums over all their peers.
package struct OutcomeCounts: Sendable {
    /// How many outcomes there were.
    package private(set) var requests: UInt64 = 0
    /// How many outcomes carried a latency.
    package private(set) var latencyCount: UInt64 = 0
    /// The sum of these latencies, in milliseconds.
    package private(set) var latencySum = 0.0
    /// How many outcomes there were by the code of their result; empty or complete.
    private var countsByCode: [UInt64] = []
    /// How many latencies there were in each of the ``LatencyBuckets``; empty or complete.
    private var latencyBuckets: [UInt64] = []

    /// Makes counts of nothing.
    package init() {}

    /// How many outcomes there were with each result that occurred: errors first, then by status.
    package var results: [(result: Outcome.Result, count: UInt64)] {
        countsByCode.indices.compactMap { code in
            guard countsByCode[code] > 0, let result = Outcome.Result(code: UInt16(code)) else { return nil }
            return (result, countsByCode[code])
        }
    }

    /// How many of the outcomes were failures.
    package func failures(_ statuses: StatusSet) -> UInt64 {
        results.reduce(0) { $0 + ($1.result.isFailure(statuses) ? $1.count : 0) }
    }

    /// The mean latency in milliseconds; 0 when none is known.
    package var latencyMean: Double { latencyCount == 0 ? 0 : latencySum / Double(latencyCount) }

    /// The latency in milliseconds that a share of all latencies does not exceed, within 5 %; 0 when none is known.
    ///
    /// - Parameter share: 0 to 1; 0.5 is the median.
    package func latencyQuantile(_ share: Double) -> Double {
        let total = latencyBuckets.reduce(0, +)
        guard total > 0 else { return 0 }
        let rank = max(1, UInt64((share * Double(total)).rounded(.up)))
        var seen: UInt64 = 0
        let bucket = latencyBuckets.firstIndex { count in
            seen += count
            return seen >= rank
        }
        return LatencyBuckets.value(of: bucket ?? LatencyBuckets.count - 1)
    }

    /// Adds outcomes whose result has this code.
    mutating func add(code: UInt16, count: UInt64) {
        if countsByCode.isEmpty { countsByCode = Array(repeating: 0, count: Outcome.Result.codes.upperBound) }
        countsByCode[Int(code)] += count
        requests += count
    }

    /// Adds latencies.
    mutating func addLatencies(count: UInt64, sum: Double) {
        latencyCount += count
        latencySum += sum
    }

    /// Adds a histogram of latencies.
    mutating func add(_ histogram: LatencyHistogram) {
        if latencyBuckets.isEmpty { latencyBuckets = Array(repeating: 0, count: LatencyBuckets.count) }
        histogram.add(to: &latencyBuckets)
    }
}

/// Picks and outcomes of one service or peer since its beginning, for counters that only grow.
package struct TrafficTotals: Sendable {
    /// The upper bounds of the latency buckets, in seconds.
    package static let latencyBounds: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
    /// The names of the results: the classes of statuses, then the errors.
    package static let resultNames = ["1xx", "2xx", "3xx", "4xx", "5xx"] + Outcome.ErrorKind.allCases.map(\.rawValue)

    /// How many picks there were.
    package private(set) var picks: UInt64 = 0
    /// How many outcomes had each result, in the order of ``resultNames``; empty before the first.
    package private(set) var results: [UInt64] = []
    /// How many latencies fell into each bucket, the last one being above every bound; empty before the first.
    package private(set) var latencies: [UInt64] = []
    /// The sum of all latencies, in seconds.
    package private(set) var latencySum = 0.0

    /// Makes totals of nothing.
    package init() {}

    /// How many outcomes carried a latency.
    package var latencyCount: UInt64 { latencies.reduce(0, +) }

    mutating func addPicks(_ count: UInt32) { picks += UInt64(count) }

    mutating func record(_ outcome: Outcome) {
        if results.isEmpty { results = Array(repeating: 0, count: Self.resultNames.count) }
        let index: Int =
            switch outcome.result {
            case .status(let status): Int(status) / 100 - 1
            case .error: 5 + Int(outcome.result.code) - 1
            }
        results[index] += UInt64(outcome.count)
        guard let latency = outcome.latencyMilliseconds.map({ $0 / 1000 }) else { return }
        if latencies.isEmpty { latencies = Array(repeating: 0, count: Self.latencyBounds.count + 1) }
        latencies[Self.latencyBounds.firstIndex { latency <= $0 } ?? Self.latencyBounds.count] += UInt64(outcome.count)
        latencySum += latency * Double(outcome.count)
    }
}

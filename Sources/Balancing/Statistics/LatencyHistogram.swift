/// How often latencies fell into each of the ``LatencyBuckets``; holds memory only for the range that occurred.
package struct LatencyHistogram: Sendable {
    private var first = 0
    private var counts: [UInt32] = []

    /// Makes an empty histogram.
    package init() {}

    /// Whether nothing was added.
    package var isEmpty: Bool { counts.isEmpty }

    /// Adds a latency in milliseconds, `count` times.
    mutating func add(_ milliseconds: Double, count: UInt32) {
        let bucket = LatencyBuckets.bucket(of: milliseconds)
        cover(bucket)
        let (sum, isOver) = counts[bucket - first].addingReportingOverflow(count)
        counts[bucket - first] = isOver ? .max : sum
    }

    /// Adds everything of another histogram.
    mutating func add(_ other: LatencyHistogram) {
        guard !other.counts.isEmpty else { return }
        cover(other.first)
        cover(other.first + other.counts.count - 1)
        for (offset, count) in other.counts.enumerated() {
            let (sum, isOver) = counts[other.first + offset - first].addingReportingOverflow(count)
            counts[other.first + offset - first] = isOver ? .max : sum
        }
    }

    private mutating func cover(_ bucket: Int) {
        if counts.isEmpty {
            first = bucket
            counts = [0]
        }
        if bucket < first {
            counts.insert(contentsOf: repeatElement(0, count: first - bucket), at: 0)
            first = bucket
        }
        while bucket >= first + counts.count { counts.append(0) }
    }

    /// The latency in milliseconds that a share of all latencies does not exceed, within 5 %; 0 when there are none.
    ///
    /// - Parameter share: 0 to 1; 0.5 is the median.
    package func quantile(_ share: Double) -> Double {
        let total = counts.reduce(UInt64(0)) { $0 + UInt64($1) }
        guard total > 0 else { return 0 }
        let rank = max(1, UInt64((share * Double(total)).rounded(.up)))
        var seen: UInt64 = 0
        for (offset, count) in counts.enumerated() {
            seen += UInt64(count)
            if seen >= rank { return LatencyBuckets.value(of: first + offset) }
        }
        return LatencyBuckets.value(of: first + counts.count - 1)
    }
}

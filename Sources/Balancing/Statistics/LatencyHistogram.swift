/// How often latencies fell into each of the ``LatencyBuckets``; holds memory only for the range that occurred.
///
/// A bucket counts to 2^32 - 1 and stays there: 430 million outcomes a second, for the ten seconds that one histogram covers.
struct LatencyHistogram: Sendable {
    private var first = 0
    private var counts: [UInt32] = []

    /// Adds a latency in milliseconds, `count` times.
    mutating func add(_ milliseconds: Double, count: UInt32) {
        let bucket = LatencyBuckets.bucket(of: milliseconds)
        if !(first..<first + counts.count ~= bucket) { cover(bucket) }
        let (sum, isOver) = counts[bucket - first].addingReportingOverflow(count)
        counts[bucket - first] = isOver ? .max : sum
    }

    /// Adds everything to an array with one counter for each bucket.
    func add(to buckets: inout [UInt64]) {
        for (offset, count) in counts.enumerated() { buckets[first + offset] += UInt64(count) }
    }

    /// Widens the range to a bucket, with little room to spare: a busy peer holds seven histograms.
    private mutating func cover(_ bucket: Int) {
        let low = counts.isEmpty ? bucket : min(first, bucket)
        let high = counts.isEmpty ? bucket : max(first + counts.count - 1, bucket)
        var wider: [UInt32] = []
        wider.reserveCapacity(high - low + 1)
        wider.append(contentsOf: repeatElement(0, count: counts.isEmpty ? 0 : first - low))
        wider.append(contentsOf: counts)
        wider.append(contentsOf: repeatElement(0, count: high - low + 1 - wider.count))
        first = low
        counts = wider
    }
}

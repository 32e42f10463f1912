/// How often latencies fell into each of the ``LatencyBuckets``; holds memory only for the range that occurred.
///
/// A bucket counts to 2^32 - 1 and stays there: 430 million outcomes a second, for the ten seconds that one histogram covers.
struct LatencyHistogram: Sendable {
    private var first = 0
    /// The counts from `first` on while each of them fits into 16 bits, as those of nearly all peers do.
    private var narrow: [UInt16] = []
    /// The counts once one of them does not; empty before.
    private var wide: [UInt32] = []

    /// Adds a latency in milliseconds, `count` times.
    mutating func add(_ milliseconds: Double, count: UInt32) {
        let bucket = LatencyBuckets.bucket(of: milliseconds)
        if wide.isEmpty {
            narrow.cover(bucket, first: &first)
            let sum = UInt32(narrow[bucket - first]).addingSaturated(count)
            if let sum = UInt16(exactly: sum) {
                narrow[bucket - first] = sum
                return
            }
            wide = narrow.map { UInt32($0) }
            narrow = []
        }
        wide.cover(bucket, first: &first)
        wide[bucket - first] = wide[bucket - first].addingSaturated(count)
    }

    /// Adds everything to an array with one counter for each bucket.
    func add(to buckets: inout [UInt64]) {
        for (offset, count) in narrow.enumerated() { buckets[first + offset] += UInt64(count) }
        for (offset, count) in wide.enumerated() { buckets[first + offset] += UInt64(count) }
    }
}

extension UInt32 {
    fileprivate func addingSaturated(_ other: UInt32) -> UInt32 {
        let (sum, isOver) = addingReportingOverflow(other)
        return isOver ? .max : sum
    }
}

extension Array where Element: FixedWidthInteger {
    /// Widens counts that begin with that of bucket `first` to those of a bucket, with no room to spare: a busy peer holds seven histograms.
    fileprivate mutating func cover(_ bucket: Int, first: inout Int) {
        guard !(first..<first + count ~= bucket) else { return }
        let low = isEmpty ? bucket : Swift.min(first, bucket)
        let high = isEmpty ? bucket : Swift.max(first + count - 1, bucket)
        var wider: [Element] = []
        wider.reserveCapacity(high - low + 1)
        wider.append(contentsOf: repeatElement(0, count: isEmpty ? 0 : first - low))
        wider.append(contentsOf: self)
        wider.append(contentsOf: repeatElement(0, count: high - low + 1 - wider.count))
        first = low
        self = wider
    }
}

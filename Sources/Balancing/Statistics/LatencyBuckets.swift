internal import Glibc

/// The buckets of latency histograms: each a factor 1.1 above the one before, from 0.01 ms to beyond an hour.
///
/// A quantile read from them is within 5 % of the true one: half a bucket. Bucket 0 holds everything up to 0.01 ms.
enum LatencyBuckets {
    /// How many buckets there are: 0.01 ms x 1.1^208 is above the 3,600,000 ms that an outcome may have.
    static let count = 209
    private static let lowest = 0.01
    private static let logFactor = log(1.1)

    /// The bucket of a latency in milliseconds.
    static func bucket(of milliseconds: Double) -> Int {
        guard milliseconds > lowest else { return 0 }
        return min(count - 1, Int((log(milliseconds / lowest) / logFactor).rounded(.up)))
    }

    /// The latency that stands for a bucket: the middle of it, by ratio. For bucket 0 it is 0, which is what clients report that
    /// round to whole milliseconds.
    static func value(of bucket: Int) -> Double {
        bucket == 0 ? 0 : lowest * exp((Double(bucket) - 0.5) * logFactor)
    }
}

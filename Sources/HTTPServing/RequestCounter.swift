import Glibc
import Synchronization

/// Counts the requests that have begun and those that are answered to the last byte.
///
/// A request begins and ends on the worker thread of its connection, so each thread has a shard: no worker waits for another's cache line.
final class RequestCounter: Sendable {
    private struct Shard: ~Copyable {
        let begun = Atomic<Int>(0)
        let completed = Atomic<Int>(0)
        /// Processors fetch cache lines in pairs: 128 bytes a shard.
        let padding = InlineArray<14, Int>(repeating: 0)
    }

    private let shards = InlineArray<64, Shard> { _ in Shard() }

    /// A request has begun on this thread.
    func begin() {
        shards[Self.currentShard].begun.wrappingAdd(1, ordering: .relaxed)
    }

    /// A request has ended on this thread, in whatever way.
    func complete() {
        // Whoever sees it completed sees all that it did, its beginning first of all.
        shards[Self.currentShard].completed.wrappingAdd(1, ordering: .releasing)
    }

    /// How many requests have begun so far.
    var begun: Int {
        var sum = 0
        for index in shards.indices {
            sum += shards[index].begun.load(ordering: .acquiring)
        }
        return sum
    }

    /// How many requests are in flight. It may be too large while others begin, never too small.
    var inFlight: Int {
        var completed = 0
        for index in shards.indices {
            completed += shards[index].completed.load(ordering: .acquiring)
        }
        return begun - completed
    }

    /// Threads that meet in one shard only slow each other down. Their descriptors are multiples of a page apart: Fibonacci hashing spreads those.
    private static var currentShard: Int {
        Int(truncatingIfNeeded: (UInt64(pthread_self()) &* 0x9E37_79B9_7F4A_7C15) >> 58)
    }
}

internal import Glibc

/// Clocks and the loop that measures with them.
enum Timing {
    /// The nanoseconds that one call of `body` takes, in processor time of this thread, so that what else runs on the machine counts for little.
    ///
    /// - Parameters:
    ///   - operations: how many operations one call of `body` does; the result is the time of one. A call should take
    ///     well over the microsecond that reading the clock may cost.
    ///   - seconds: how long to measure at least.
    static func processorNanoseconds(operations: Int, for seconds: Double = 0.1, _ body: () -> Void) -> Double {
        let start = nanoseconds(CLOCK_THREAD_CPUTIME_ID)
        let end = start + UInt64(seconds * 1e9)
        var calls = 0
        var now = start
        repeat {
            body()
            calls += 1
            now = nanoseconds(CLOCK_THREAD_CPUTIME_ID)
        } while now < end
        return Double(now - start) / Double(calls * operations)
    }

    /// The monotonic time in nanoseconds.
    static func monotonicNanoseconds() -> UInt64 { nanoseconds(CLOCK_MONOTONIC) }

    /// The running second, as a server counts its picks by.
    static func second() -> UInt32 { UInt32(truncatingIfNeeded: nanoseconds(CLOCK_MONOTONIC) / 1_000_000_000) }

    private static func nanoseconds(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

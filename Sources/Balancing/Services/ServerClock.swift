internal import Synchronization

/// The times and the counter that one process shares: the running second of its statistics, and the index of its changes.
///
/// Thread-safe. The clocks themselves are functions given by the owner, so that tests turn them by hand.
package final class ServerClock: Sendable {
    private let monotonic: @Sendable () -> Moment
    private let secondsSince1970: @Sendable () -> Double
    private let lastIndex: Atomic<UInt64>

    /// Makes a clock whose index starts at the time of its making, in microseconds since 1970: an index of an earlier
    /// process is lower.
    package init(now: @escaping @Sendable () -> Moment, wallTime: @escaping @Sendable () -> Double) {
        monotonic = now
        secondsSince1970 = wallTime
        lastIndex = Atomic(UInt64(max(0, wallTime() * 1_000_000)))
    }

    /// The time of a clock that never goes back.
    package func now() -> Moment { monotonic() }

    /// The running second of that clock.
    package func second() -> UInt32 { monotonic().second }

    /// Seconds since 1970; only for showing.
    package func wallTime() -> Double { secondsSince1970() }

    /// The index of the last change that everybody can see.
    package var index: UInt64 { lastIndex.load(ordering: .acquiring) }

    /// Makes the next change visible: gives it an index, and shows that index only when `publish` has put the change in place,
    /// so that whoever sees an index sees everything up to it. Only for the one owner of changes: calls must not overlap.
    package func change<Result>(_ publish: (_ index: UInt64) -> Result) -> Result {
        let index = lastIndex.load(ordering: .relaxed) + 1
        defer { lastIndex.store(index, ordering: .releasing) }
        return publish(index)
    }
}

internal import Synchronization

/// The times and the counter that one process shares: the running second of its statistics, and the index of its changes.
///
/// Thread-safe. The clocks themselves are functions given by the owner, so that tests turn them by hand.
package final class ServerClock: Sendable {
    private let monotonicSecond: @Sendable () -> UInt32
    private let secondsSince1970: @Sendable () -> Double
    private let lastIndex: Atomic<UInt64>

    /// Makes a clock whose index starts at the time of its making, in microseconds since 1970: an index of an earlier
    /// process is lower.
    package init(second: @escaping @Sendable () -> UInt32, wallTime: @escaping @Sendable () -> Double) {
        monotonicSecond = second
        secondsSince1970 = wallTime
        lastIndex = Atomic(UInt64(max(0, wallTime() * 1_000_000)))
    }

    /// The running second of a clock that never goes back.
    package func second() -> UInt32 { monotonicSecond() }

    /// Seconds since 1970; only for showing.
    package func wallTime() -> Double { secondsSince1970() }

    /// The index of the last change.
    package var index: UInt64 { lastIndex.load(ordering: .acquiring) }

    /// The index of a change that happens now.
    package func nextIndex() -> UInt64 { lastIndex.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue }
}

/// A time of the caller's monotonic clock, in milliseconds: what picks and outcomes happen at.
package struct Moment: Sendable, Equatable {
    /// Milliseconds since some moment in the past.
    package let milliseconds: UInt64

    /// Makes a moment.
    package init(milliseconds: UInt64) {
        self.milliseconds = milliseconds
    }

    /// The beginning of a second.
    package static func second(_ second: UInt32) -> Moment { Moment(milliseconds: UInt64(second) * 1000) }

    /// The running second, for statistics.
    @inline(__always)
    package var second: UInt32 { UInt32(truncatingIfNeeded: milliseconds / 1000) }
}

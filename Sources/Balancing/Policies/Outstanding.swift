internal import Glibc

/// How many requests are under way, as far as that is known: picks without an outcome, which count for half after every ten seconds.
///
/// What is never reported, or reported to another replica, must not count for ever, or its peer would never be picked again. Nobody knows
/// which of the picks these are, so that all of them fade; a peer whose requests take long has more of them all the same.
///
/// A pure value of eight bytes, so that it is read and changed in one step.
struct Outstanding: Equatable {
    /// After how many milliseconds a pick counts for half.
    static let halfLife: Float = 10_000

    /// How many, at ``time``.
    private(set) var count: Float = 0
    /// The lower 32 bits of the milliseconds of the caller's clock.
    private(set) var time: UInt32 = 0

    init() {}

    /// Reads what ``bits`` wrote.
    init(bits: UInt64) {
        count = Float(bitPattern: UInt32(truncatingIfNeeded: bits))
        time = UInt32(truncatingIfNeeded: bits >> 32)
    }

    var bits: UInt64 { UInt64(time) << 32 | UInt64(count.bitPattern) }

    /// How many there are later.
    func count(at moment: Moment) -> Float {
        guard count > 0 else { return 0 }
        // Threads read the clock before they get here: a moment in the past changes nothing.
        let elapsed = Int32(truncatingIfNeeded: UInt32(truncatingIfNeeded: moment.milliseconds) &- time)
        return elapsed <= 0 ? count : count * exp2f(-Float(elapsed) / Self.halfLife)
    }

    /// What is left of one after some seconds.
    static func remainder(after seconds: Float) -> Float { exp2f(-1000 * seconds / halfLife) }

    /// The same with some more, or with some fewer, at a moment: never below zero.
    func adding(_ change: Float, at moment: Moment) -> Outstanding {
        var changed = Outstanding()
        changed.count = max(0, count(at: moment) + change)
        changed.time = UInt32(truncatingIfNeeded: moment.milliseconds)
        return changed
    }
}

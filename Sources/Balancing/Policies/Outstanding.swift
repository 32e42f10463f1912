internal import Glibc

/// How many requests are under way, as far as that is known: picks without an outcome, which fade with time.
///
/// An outcome may never be reported, or to another replica. Nobody knows which picks these are, so that all of them fade: by half in ten
/// seconds. That alone would keep a peer without any picks for long after a single report was lost, where the others answer in
/// milliseconds. So where the latency is known a pick fades sooner at first, by half in five times the latency, and more slowly the more
/// picks there were since the last outcome, twice as slowly for every two of them: a peer that hangs is tried less and less often, one
/// whose report was lost is tried again soon, and one that loses half of them is still picked.
///
/// A pure value of eight bytes, so that it is read and changed in one step.
struct Outstanding: Equatable {
    /// After how many milliseconds a pick counts for half, at the most.
    static let longestHalfLife: Float = 10_000
    private static let shortestHalfLife: Float = 50
    private static let latenciesPerHalfLife: Float = 5

    /// Times are kept in units of 4 ms, the lower 24 bits of them: three quarters of a day.
    private static let tick: UInt64 = 4
    private static let timeMask: UInt32 = 0xFF_FFFF
    /// Two readings of the clock by different threads are not further apart than an hour; what seems older is in the future.
    private static let futureTicks: UInt32 = timeMask - 900_000

    /// How many, at ``time``.
    private var count: Float = 0
    /// Picks since the last outcome, 255 for more.
    private var unanswered: UInt8 = 0
    private var time: UInt32 = 0

    init() {}

    /// Reads what ``bits`` wrote.
    init(bits: UInt64) {
        count = Float(bitPattern: UInt32(truncatingIfNeeded: bits))
        unanswered = UInt8(truncatingIfNeeded: bits >> 32)
        time = UInt32(truncatingIfNeeded: bits >> 40)
    }

    var bits: UInt64 { UInt64(time) << 40 | UInt64(unanswered) << 32 | UInt64(count.bitPattern) }

    /// How many there are later, given the latency that the peer had last; `nil`: unknown.
    func count(at moment: Moment, latency: Float?) -> Float {
        guard count > 0 else { return 0 }
        let elapsed = (Self.ticks(moment) &- time) & Self.timeMask
        guard elapsed > 0, elapsed < Self.futureTicks else { return count }
        return count * exp2f(-Float(elapsed) * Float(Self.tick) / halfLife(latency))
    }

    private func halfLife(_ latency: Float?) -> Float {
        guard let latency else { return Self.longestHalfLife }
        let first = max(Self.shortestHalfLife, Self.latenciesPerHalfLife * latency)
        return min(Self.longestHalfLife, first * exp2f(Float(unanswered) / 2))
    }

    /// What is left of one after some seconds, where it fades at its slowest.
    static func remainder(after seconds: Float) -> Float { exp2f(-1000 * seconds / longestHalfLife) }

    /// The same after picks.
    func beginning(_ picks: Float, at moment: Moment, latency: Float?) -> Outstanding {
        changed(by: picks, unanswered: UInt8(min(255, Float(unanswered) + picks)), at: moment, latency)
    }

    /// The same after outcomes: never below zero.
    func ending(_ outcomes: Float, at moment: Moment, latency: Float?) -> Outstanding {
        changed(by: -outcomes, unanswered: 0, at: moment, latency)
    }

    /// The same after picks that came to nothing, which says nothing of the peer.
    func takingBack(_ picks: Float, at moment: Moment, latency: Float?) -> Outstanding {
        changed(by: -picks, unanswered: unanswered, at: moment, latency)
    }

    private func changed(by change: Float, unanswered: UInt8, at moment: Moment, _ latency: Float?) -> Outstanding {
        var changed = Outstanding()
        changed.count = max(0, count(at: moment, latency: latency) + change)
        changed.unanswered = unanswered
        changed.time = Self.ticks(moment)
        return changed
    }

    private static func ticks(_ moment: Moment) -> UInt32 { UInt32(truncatingIfNeeded: moment.milliseconds / tick) & timeMask }
}

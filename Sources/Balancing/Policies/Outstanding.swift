internal import Glibc

/// How many requests are under way, as far as that is known: picks without an outcome, which fade with time.
///
/// An outcome may never be reported, or to another replica. Nobody knows which picks these are, so that all of them fade: by half in ten
/// seconds. That alone would keep a peer without any picks for long after a single report was lost, where the others answer in
/// milliseconds. So where the latency is known a pick fades sooner: by half in five times the latency while outcomes come, and more slowly
/// the longer ago the last one was. A peer that hangs is tried less and less often, one whose report was lost is tried again soon, and one
/// that loses half of them is still picked.
///
/// What ends has faded, too, since it was picked, and no more than what is left of it is taken away: a peer that is busy all the time
/// counts as busy. Where nobody says how long requests take, nothing fades for a second after an outcome instead.
///
/// A pure value of eight bytes, so that it is read and changed in one step.
struct Outstanding: Equatable {
    /// After how many milliseconds a pick counts for half, at the most.
    static let longestHalfLife: Float = 10_000
    private static let shortestHalfLife: Float = 50
    private static let latenciesPerHalfLife: Float = 5
    /// For how many milliseconds after an outcome nothing fades, where no latency is known.
    private static let grace: UInt32 = 1000
    /// By how many milliseconds it may be ahead of a moment.
    private static let longestAhead: Int32 = 3_600_000
    /// What is less than that after an outcome is none: clients and this server do not measure alike.
    private static let least: Float = 0.5
    /// By how much the half-life grows in each millisecond without an outcome: half of the logarithm of 2.
    private static let halfLifeGrowth: Float = 0.346_573_6

    /// How many, at ``time``.
    private(set) var count: Float = 0
    /// From when on they fade: the lower 32 bits of the milliseconds of the caller's clock.
    private var time: UInt32 = 0

    init() {}

    /// Reads what ``bits`` wrote.
    init(bits: UInt64) {
        count = Float(bitPattern: UInt32(truncatingIfNeeded: bits))
        time = UInt32(truncatingIfNeeded: bits >> 32)
    }

    var bits: UInt64 { UInt64(time) << 32 | UInt64(count.bitPattern) }

    /// How many there are later, given what is known of the peer's latency.
    func count(at moment: Moment, _ latency: PeakLatency) -> Float {
        let elapsed = elapsed(at: moment)
        return count > 0 && elapsed > 0 ? count * Self.remainder(after: Float(elapsed), at: moment, latency) : count
    }

    /// The same after picks, or without ones that have just begun: a negative number.
    func beginning(_ picks: Float, at moment: Moment, _ latency: PeakLatency) -> Outstanding {
        var changed = Outstanding()
        changed.count = max(0, count(at: moment, latency) + picks)
        let isInGrace = count > 0 && (-Int32(Self.grace)..<0).contains(elapsed(at: moment))
        changed.time = isInGrace ? time : Self.time(moment)
        return changed
    }

    /// The same after picks that have had their outcomes, or have come to nothing: never below zero.
    ///
    /// - Parameter age: how many milliseconds ago they were picked; `nil`: nobody says.
    func ending(_ picks: Float, after age: Float?, at moment: Moment, _ latency: PeakLatency) -> Outstanding {
        let known = age ?? latency.last(at: moment)
        let isInGrace = elapsed(at: moment) < 0
        let left = isInGrace ? 1 : known.map { exp2f(-$0 / Self.halfLife(at: moment, latency)) } ?? 1
        let rest = count(at: moment, latency) - picks * left
        var changed = Outstanding()
        changed.count = rest < Self.least ? 0 : rest
        changed.time = known == nil ? Self.time(moment) &+ Self.grace : Self.time(moment)
        return changed
    }

    // MARK: - Fading

    /// By how much picks fade in some milliseconds up to a moment.
    ///
    /// The half-life grows with the time since the last outcome. By that picks fade as the inverse square of the time, and as an exponential function once
    /// the half-life grows no more. With a higher power a peer that hangs would be tried more often, with a lower one a peer that loses half of
    /// its outcomes would be left alone for ever longer.
    private static func remainder(after elapsed: Float, at moment: Moment, _ latency: PeakLatency) -> Float {
        guard let last = latency.last(at: moment) else { return exp2f(-elapsed / longestHalfLife) }
        let silence = max(elapsed, Float(latency.elapsed(at: moment)))
        let offset = firstHalfLife(last) / halfLifeGrowth
        let end = min(silence + offset, longestHalfLife / halfLifeGrowth)
        let start = min(silence - elapsed + offset, end)
        return (start / end) * (start / end) * exp2f(-(elapsed - (end - start)) / longestHalfLife)
    }

    /// In how many milliseconds they fade by half, as fast as they do at a moment.
    private static func halfLife(at moment: Moment, _ latency: PeakLatency) -> Float {
        guard let last = latency.last(at: moment) else { return longestHalfLife }
        return min(longestHalfLife, firstHalfLife(last) + halfLifeGrowth * Float(latency.elapsed(at: moment)))
    }

    private static func firstHalfLife(_ latency: Float) -> Float {
        min(longestHalfLife, max(shortestHalfLife, latenciesPerHalfLife * latency))
    }

    // MARK: - Time

    /// Negative while nothing fades yet. What is further ahead is long ago: the clock's lower bits have come round.
    private func elapsed(at moment: Moment) -> Int32 {
        let elapsed = Int32(truncatingIfNeeded: Self.time(moment) &- time)
        return elapsed < -Self.longestAhead ? .max : elapsed
    }

    private static func time(_ moment: Moment) -> UInt32 { UInt32(truncatingIfNeeded: moment.milliseconds) }
}

internal import Glibc

/// A moving average of latencies that follows a rise at once and a fall slowly: Finagle's peak EWMA, with a decay of ten seconds.
///
/// Without samples it falls too, so that a peer that was slow is tried again; after a minute it is unknown. A failure counts as a slow answer,
/// however fast it came: a peer that refuses everything at once would look like the best of all.
///
/// A pure value of eight bytes, so that it is read and changed in one step.
struct PeakLatency: Equatable {
    /// In how many milliseconds a sample's weight falls to 1/e.
    static let decay: Float = 10_000
    /// After how many milliseconds without a sample nothing is known any more.
    static let memory: Int32 = 60_000

    /// By how much a failure is slower than the average.
    private static let failureFactor: Float = 10
    /// How slow a failure counts where nothing is known, and at the most, in milliseconds.
    private static let firstFailure: Float = 1000
    private static let worstFailure: Float = 10_000

    /// The average in milliseconds at ``time``; negative: unknown.
    private var average: Float = -1
    /// The lower 32 bits of the milliseconds of the caller's clock.
    private var time: UInt32 = 0

    init() {}

    /// Reads what ``bits`` wrote.
    init(bits: UInt64) {
        average = Float(bitPattern: UInt32(truncatingIfNeeded: bits))
        time = UInt32(truncatingIfNeeded: bits >> 32)
    }

    var bits: UInt64 { UInt64(time) << 32 | UInt64(average.bitPattern) }

    /// The latency in milliseconds that is to be expected; `nil`: unknown.
    func milliseconds(at moment: Moment) -> Float? {
        let elapsed = elapsed(at: moment)
        guard average >= 0, elapsed < Self.memory else { return nil }
        return elapsed == 0 ? average : average * expf(-Float(elapsed) / Self.decay)
    }

    /// The average when the last sample was taken; `nil`: unknown.
    func last(at moment: Moment) -> Float? {
        average >= 0 && elapsed(at: moment) < Self.memory ? average : nil
    }

    /// The same after the latency of a success.
    func observing(_ milliseconds: Float, at moment: Moment) -> PeakLatency {
        guard let last = last(at: moment), milliseconds < last else { return PeakLatency(milliseconds, moment) }
        return PeakLatency(moved(from: last, towards: milliseconds, at: moment), moment)
    }

    /// The same after a failure; `nil`: nobody says how long it took.
    func observingFailure(_ milliseconds: Float?, at moment: Moment) -> PeakLatency {
        let milliseconds = milliseconds ?? 0
        guard let last = last(at: moment) else { return PeakLatency(max(milliseconds, Self.firstFailure), moment) }
        if milliseconds >= last { return PeakLatency(milliseconds, moment) }
        return PeakLatency(max(last, moved(from: last, towards: min(Self.failureFactor * last, Self.worstFailure), at: moment)), moment)
    }

    private init(_ average: Float, _ moment: Moment) {
        self.average = average
        time = UInt32(truncatingIfNeeded: moment.milliseconds)
    }

    private func moved(from last: Float, towards sample: Float, at moment: Moment) -> Float {
        let weight = expf(-Float(elapsed(at: moment)) / Self.decay)
        return last * weight + sample * (1 - weight)
    }

    /// How many milliseconds ago the last sample was taken: of one that seems to be to come, because the clock's lower bits have come round, no
    /// less than any memory.
    func elapsed(at moment: Moment) -> Int32 {
        let elapsed = Int32(truncatingIfNeeded: UInt32(truncatingIfNeeded: moment.milliseconds) &- time)
        return elapsed < -Self.memory ? .max : max(0, elapsed)
    }
}

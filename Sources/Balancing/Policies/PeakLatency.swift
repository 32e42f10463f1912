internal import Glibc

/// A moving average of latencies that follows a rise at once and a fall slowly: Finagle's peak EWMA, with a decay of ten seconds.
///
/// Without samples it falls too, so that a peer that was slow is tried again; after a minute it is unknown.
///
/// A pure value of eight bytes, so that it is read and changed in one step.
struct PeakLatency: Equatable {
    /// In how many milliseconds a sample's weight falls to 1/e.
    static let decay: Float = 10_000
    /// After how many milliseconds without a sample nothing is known any more.
    static let memory: Int32 = 60_000

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

    /// The same after another sample. A failure never makes a peer look faster, however fast it failed.
    func observing(_ milliseconds: Float, isFailure: Bool, at moment: Moment) -> PeakLatency {
        var observed = PeakLatency()
        observed.time = UInt32(truncatingIfNeeded: moment.milliseconds)
        let elapsed = elapsed(at: moment)
        if average < 0 || elapsed >= Self.memory || milliseconds >= average {
            observed.average = milliseconds
        } else {
            let weight = isFailure ? 1 : expf(-Float(elapsed) / Self.decay)
            observed.average = average * weight + milliseconds * (1 - weight)
        }
        return observed
    }

    /// How many milliseconds ago the last sample was taken.
    func elapsed(at moment: Moment) -> Int32 {
        max(0, Int32(truncatingIfNeeded: UInt32(truncatingIfNeeded: moment.milliseconds) &- time))
    }
}

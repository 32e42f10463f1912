/// One stay of a peer outside the pool, by log check.
package struct Ejection: Sendable {
    /// When it ends.
    package let end: ContinuousClock.Instant
    /// What was found.
    package let finding: Finding
}

/// How often a peer was ejected lately, which makes its next ejection longer.
struct EjectionHistory: Sendable {
    /// By how much an ejection is longer or shorter than its rule says, so that peers that went together do not come back together.
    static let jitter = 0.9...1.1

    private(set) var times = 0
    private(set) var readmitted: ContinuousClock.Instant?

    /// Makes a history of nothing.
    init() {}

    /// Makes a history that goes on.
    init(times: Int, readmitted: ContinuousClock.Instant?) {
        self.times = times
        self.readmitted = readmitted
    }

    /// Begins another ejection.
    ///
    /// It lasts `recover` times the number of ejections lately, this one included, at most `max_recover`, give or take a tenth;
    /// the number falls by one for each `recover` in the pool since the last readmission.
    mutating func begin(
        at now: ContinuousClock.Instant,
        settings: LogCheckSettings,
        using generator: inout some RandomNumberGenerator
    ) -> Duration {
        if let readmitted {
            let forgiven = readmitted.duration(to: now) / settings.recover
            times = max(0, times - Int(min(forgiven, Double(times))))
        }
        times += 1
        readmitted = nil
        return min(settings.recover * times, settings.maxRecover) * Double.random(in: Self.jitter, using: &generator)
    }

    /// Notes a readmission.
    mutating func end(at now: ContinuousClock.Instant) {
        readmitted = now
    }

    /// Whether nothing of it counts any more.
    func isForgiven(at now: ContinuousClock.Instant, settings: LogCheckSettings) -> Bool {
        guard let readmitted else { return times == 0 }
        return readmitted.duration(to: now) >= settings.recover * times
    }
}

import Balancing

extension CheckSchedule {
    /// One target with its rhythm and those who want its results.
    struct Slot {
        /// What makes probes the same.
        struct Key: Hashable {
            let target: ProbeTarget
            let interval: Duration
            let timeout: Duration
        }

        let key: Key
        /// The share of the interval by which starts vary; where services share a target, what the last of them said.
        var jitter: Double
        /// The next round as the rhythm has it, without jitter.
        var round: Instant
        /// When the next probe is due.
        var due: Instant
        /// Whether the next probe is one outside the rhythm.
        var isExtra = false
        /// The number of its entry in the queue; 0 while it is in flight.
        var version: UInt64 = 0
        var isInFlight = false
        /// Whether the last probe timed out.
        var isSilent = false
        /// Whether all who wanted the probe in flight have gone since.
        var dropsResult = false
        /// Services, each once. Empty only while a probe is in flight whose target was removed.
        var subscribers: [String] = []

        /// Makes a slot with a random phase.
        init(key: Key, jitter: Double, at now: Instant, using generator: inout some RandomNumberGenerator) {
            self.key = key
            self.jitter = jitter
            round = now + key.interval * Double.random(in: 0..<1, using: &generator)
            due = round
        }

        /// Begins the probe that is due and settles when the next one is.
        ///
        /// - Returns: the rounds left out. A start up to half an interval late leaves out none; and the next round is at least (1 - jitter)/2 intervals away.
        mutating func begin(at now: Instant, using generator: inout some RandomNumberGenerator) -> Int {
            isInFlight = true
            version = 0
            var rest = Duration.zero
            if !isExtra {
                round += key.interval
                rest = key.interval * max(0, (1 - jitter) / 2)
            }
            isExtra = false
            return setDue(after: now + rest, at: now, using: &generator)
        }

        /// Ends the probe. Rounds that passed meanwhile are left out.
        mutating func end(at now: Instant, using generator: inout some RandomNumberGenerator) -> Int {
            isInFlight = false
            dropsResult = false
            return due <= now && !isExtra ? setDue(after: now, at: now, using: &generator) : 0
        }

        /// Has a probe made at once, without a change of rhythm.
        mutating func probeAtOnce(_ now: Instant) {
            guard due > now else { return }
            due = now
            isExtra = true
        }

        private mutating func setDue(after instant: Instant, at now: Instant, using generator: inout some RandomNumberGenerator) -> Int {
            var skipped = 0
            if round <= instant {
                skipped = Int(round.duration(to: instant) / key.interval) + 1
                round += key.interval * skipped
            }
            due = max(now, round + key.interval * Double.random(in: -jitter / 2...jitter / 2, using: &generator))
            return skipped
        }
    }
}

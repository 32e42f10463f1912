/// What active checks have done since the start, for operators.
package struct CheckStatistics: Sendable, Equatable {
    /// Different probes that are made each interval.
    package internal(set) var targets = 0
    /// Probes that are running.
    package internal(set) var inFlight = 0
    /// Probes begun.
    package internal(set) var probes = 0
    /// Probes that got no answer, by kind. An answer with any status is none of them: whether it passes is the service's to say.
    package internal(set) var failures: [CheckFailure.Kind: Int] = [:]
    /// Probes that began late: by more than a tenth of their interval, and more than 50 ms.
    package internal(set) var late = 0
    /// How late a probe began at most.
    package internal(set) var worstLateness = Duration.zero
    /// Rounds left out, because the one before began too late or was still running.
    package internal(set) var skippedRounds = 0
    /// The last failure in words; empty when there was none.
    package internal(set) var lastError = ""

    /// Makes statistics of nothing.
    package init() {}
}

internal import HealthChecking

/// What active checks have done since the start.
struct ChecksBody: Encodable {
    let targets: Int
    let inFlight: Int
    let probes: Int
    let failures: [String: Int]
    let late: Int
    let worstLatenessSeconds: Double
    let skippedRounds: Int
    let lastError: String

    enum CodingKeys: String, CodingKey {
        case targets, inFlight = "in_flight", probes, failures, late, worstLatenessSeconds = "worst_lateness_seconds"
        case skippedRounds = "skipped_rounds", lastError = "last_error"
    }

    init(_ statistics: CheckStatistics) {
        targets = statistics.targets
        inFlight = statistics.inFlight
        probes = statistics.probes
        failures = Dictionary(uniqueKeysWithValues: statistics.failures.map { ($0.rawValue, $1) })
        late = statistics.late
        worstLatenessSeconds = statistics.worstLatenessSeconds
        skippedRounds = statistics.skippedRounds
        lastError = statistics.lastError
    }
}

extension CheckStatistics {
    /// How late a probe began at most, in seconds, to a millisecond.
    var worstLatenessSeconds: Double { (worstLateness / .milliseconds(1)).rounded() / 1000 }
}

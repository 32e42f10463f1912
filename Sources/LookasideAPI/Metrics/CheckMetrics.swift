internal import HealthChecking

/// The metrics of active checks.
enum CheckMetrics {
    /// Writes the metrics of active checks.
    static func write(_ statistics: CheckStatistics, to text: inout Exposition) {
        text.single("lookaside_check_targets", .gauge, "Different probes that are made each interval.", statistics.targets)
        text.single("lookaside_checks_in_flight", .gauge, "Probes that are running.", statistics.inFlight)
        text.single("lookaside_checks_total", .counter, "Probes that were begun.", statistics.probes)

        text.describe("lookaside_check_failures_total", .counter, "Probes that got no answer, by cause; a status that does not pass is an answer.")
        for kind in CheckFailure.Kind.allCases {
            text.sample("lookaside_check_failures_total", Exposition.Labels("cause", kind.rawValue), statistics.failures[kind] ?? 0)
        }

        text.single("lookaside_checks_late_total", .counter, "Probes that began late, by over a tenth of their interval.", statistics.late)
        text.single("lookaside_check_rounds_skipped_total", .counter, "Rounds of probes left out because of lateness.", statistics.skippedRounds)
        text.single("lookaside_check_lateness_max_seconds", .gauge, "How late a probe began at most.", statistics.worstLatenessSeconds)
    }
}

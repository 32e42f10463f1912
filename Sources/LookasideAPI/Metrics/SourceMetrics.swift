internal import Discovery

/// The metrics of sources.
enum SourceMetrics {
    /// Writes the metrics of sources.
    static func write(_ sources: [SourceStatus], to text: inout Exposition) {
        text.describe("lookaside_source_stale_seconds", .gauge, "Seconds since the last proof of contact with a source, 0 while it is followed.")
        for source in sources { text.sample("lookaside_source_stale_seconds", labels(source), source.roundedStaleSeconds) }

        gauge("lookaside_source_synced", "Whether a source has delivered its first complete state: 1 or 0.", sources, to: &text) {
            $0.isSynced ? 1 : 0
        }
        gauge("lookaside_source_services", "Services that a source names.", sources, to: &text, \.services)
        gauge("lookaside_source_peers", "Peers that a source holds.", sources, to: &text, \.peers)
        gauge("lookaside_source_guarded_peers", "Peers that a source's last list lacks and that stay for a while.", sources, to: &text, \.guarded)
        gauge("lookaside_source_skipped_entries", "Entries of a source that are skipped because they are not valid.", sources, to: &text, \.skipped)
        counter("lookaside_source_lists_total", "Complete states that a source has delivered.", sources, to: &text, \.lists)
        counter("lookaside_source_events_total", "Changes of single peers that a source has delivered.", sources, to: &text, \.events)
        counter("lookaside_source_reconnects_total", "How often a source has connected again.", sources, to: &text, \.reconnects)
        counter("lookaside_source_failures_total", "Sessions of a source that have failed.", sources, to: &text, \.failures)
    }

    private static func gauge(
        _ name: String,
        _ help: String,
        _ sources: [SourceStatus],
        to text: inout Exposition,
        _ value: (SourceStatus) -> Int
    ) {
        text.describe(name, .gauge, help)
        for source in sources { text.sample(name, labels(source), value(source)) }
    }

    private static func counter(
        _ name: String,
        _ help: String,
        _ sources: [SourceStatus],
        to text: inout Exposition,
        _ value: (SourceStatus) -> UInt64
    ) {
        text.describe(name, .counter, help)
        for source in sources { text.sample(name, labels(source), value(source)) }
    }

    private static func labels(_ source: SourceStatus) -> Exposition.Labels { Exposition.Labels("source", source.name) }
}

internal import Discovery

/// The metrics of the state file.
enum StateFileMetrics {
    /// Writes the metrics of a state file.
    static func write(_ status: StateFileStatus, to text: inout Exposition) {
        text.single("lookaside_state_file_saves_total", .counter, "How often the state file was saved.", status.saves)
        text.single("lookaside_state_file_failures_total", .counter, "How often the state file could not be read or saved.", status.failures)
        text.single("lookaside_state_file_size_bytes", .gauge, "Length of the state file when it was last saved.", status.bytes)
        guard let savedAt = status.savedAt else { return }
        text.single("lookaside_state_file_saved_timestamp_seconds", .gauge, "When the state file was last saved, since the Unix epoch.", savedAt)
    }
}

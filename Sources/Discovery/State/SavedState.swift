internal import Balancing

/// What a state file holds: the last peers of each source, and the verdicts on them.
struct SavedState {
    /// When it was saved, in seconds since 1970.
    let savedAt: Double
    /// What each source said last.
    var sources: [Source]
    /// The verdicts, by service.
    var verdicts: [String: [PeerAddress: SavedVerdict]] = [:]

    /// What one source said last.
    struct Source {
        /// The name of the source in the configuration.
        let name: String
        /// Where it read, as of ``SourceDescription/scope``.
        let scope: String
        /// When contact was last proved, in seconds since 1970.
        let contact: Double?
        /// The peers of each service that it named.
        var services: [String: [PeerAddress: PeerValue]] = [:]

        init(_ header: StateLine.Header.Source) {
            (name, scope, contact) = (header.name, header.scope, header.contact)
        }
    }
}

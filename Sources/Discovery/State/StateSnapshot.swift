internal import Balancing

/// What there is to save at one moment: taken in no time, since values are shared until they change.
struct StateSnapshot: Sendable {
    /// The control plane's counter of what is worth saving.
    let version: UInt64
    /// The sources, in order of preference.
    let sources: [SourceDescription]
    /// When contact with each was last proved, in seconds since 1970.
    let contacts: [Double?]
    /// What each of them says.
    let tables: [SourceTable]
    /// The verdicts, by service.
    let verdicts: [String: ServiceVerdicts]
    /// The moment, by the clock of the verdicts.
    let now: ContinuousClock.Instant
    /// The moment, in seconds since 1970.
    let wallTime: Double
}

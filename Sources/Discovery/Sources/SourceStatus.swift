/// What operators see of a source at one moment.
package struct SourceStatus: Sendable {
    /// What a source is doing.
    package enum Phase: String, Sendable {
        /// Opening a connection.
        case connecting
        /// Reading a complete state.
        case listing
        /// Following changes: the source is in contact.
        case watching
        /// Waiting before the next attempt, after a failure.
        case backoff
    }

    /// The name of the source in the configuration.
    package let name: String
    /// The endpoint that it uses or tries, as `host:port`; empty for a source that has none, and before the first attempt.
    package internal(set) var endpoint = ""
    /// What it is doing.
    package internal(set) var phase = Phase.connecting
    /// Since when it is watching; `nil`: it is not.
    var watchingSince: ContinuousClock.Instant?
    /// Whether it has delivered its first complete state, and that state is in picks.
    package internal(set) var isSynced = false
    /// Whether its peers were restored from the state file, so that there is something to serve before it delivers.
    package internal(set) var wasRestored = false
    /// The revision of its last delivery, in the source's own terms; empty before the first.
    package internal(set) var revision = ""
    /// How many complete states it has delivered.
    package internal(set) var lists: UInt64 = 0
    /// How many changes of single keys it has delivered.
    package internal(set) var events: UInt64 = 0
    /// How often it has begun to connect.
    var connections: UInt64 = 0
    /// How often it has connected again, after a failure or because a connection had ended.
    package var reconnects: UInt64 { connections - min(1, connections) }
    /// How many sessions have failed, or have left an endpoint that failed for another.
    package internal(set) var failures: UInt64 = 0
    /// What went wrong last; empty when nothing did since the source last delivered a complete state or resumed.
    package internal(set) var lastError = ""
    /// How many services it names.
    package internal(set) var services = 0
    /// How many peers it holds.
    package internal(set) var peers = 0
    /// How many of its peers are kept for a while though its last list lacks them.
    package internal(set) var guarded = 0
    /// How many of its entries are skipped now, because their key or value is not valid.
    package internal(set) var skipped = 0
    /// Why entries are skipped: the key and the reason of a few of them, those that were skipped last first.
    package internal(set) var skippedReasons: [String] = []
    /// When contact was last proved; `nil`: never.
    package internal(set) var lastContact: ContinuousClock.Instant?
    /// When the source was started.
    package internal(set) var started: ContinuousClock.Instant

    /// Seconds since the last proof of contact, 0 while watching.
    package func staleSeconds(at now: ContinuousClock.Instant) -> Double {
        guard phase != .watching else { return 0 }
        return max(0, (lastContact ?? started).duration(to: now) / .seconds(1))
    }
}

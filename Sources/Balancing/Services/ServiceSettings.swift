/// How the peers of one service are judged and picked. The defaults are those of the configuration.
package struct ServiceSettings: Sendable, Equatable {
    /// Active checks.
    package var healthCheck = HealthCheckSettings()
    /// Log check.
    package var logCheck = LogCheckSettings()
    /// The share of eligible candidates below which all are picked; 0: never. The default is 0.25.
    package var panicThreshold = 0.25
    /// How a peer is chosen. The default is weighted round robin.
    package var policy = Policy.weightedRoundRobin
    /// Slow start of peers whose value does not say; `nil`: 30 s.
    package var slowStart: Duration?
    /// The active check of peers whose value does not say; empty: none; `nil`: `/health`, or none for peers that are not checked by default.
    package var checkURL: String?

    /// The default settings.
    package init() {}

    /// How long a peer of this value ramps.
    package func slowStart(of value: PeerValue) -> Duration {
        value.slowStart.map { .seconds($0) } ?? slowStart ?? .seconds(30)
    }

    /// What is asked of a peer of this value; empty: nothing.
    package func checkURL(of value: PeerValue) -> String {
        value.checkURL ?? checkURL ?? (value.isCheckedByDefault ? "/health" : "")
    }

    /// Whether a peer of this value is probed.
    package func probes(_ value: PeerValue) -> Bool {
        healthCheck.isEnabled && !checkURL(of: value).isEmpty
    }

    /// Whether a peer of this value may be picked as far as its verdict goes: one that is not probed yet where
    /// ``HealthCheckSettings/picksNewPeers`` says so.
    package func isWell(_ value: PeerValue, _ verdict: ShownVerdict?) -> Bool {
        guard verdict?.isEligible ?? true else { return false }
        return healthCheck.picksNewPeers || verdict?.activeIsHealthy != nil || !probes(value)
    }
}

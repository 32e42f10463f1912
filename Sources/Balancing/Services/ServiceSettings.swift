/// How the peers of one service are judged and picked. The defaults are those of the configuration.
package struct ServiceSettings: Sendable, Equatable {
    /// Active checks.
    package var healthCheck = HealthCheckSettings()
    /// Log check.
    package var logCheck = LogCheckSettings()
    /// The share of eligible candidates below which all are picked; 0: never. The default is 0.25.
    package var panicThreshold = 0.25
    /// Slow start of peers whose value does not say; `nil`: 30 s.
    package var slowStart: Duration?
    /// The active check of peers whose value does not say; empty: none; `nil`: `/health`.
    package var checkURL: String?

    /// The default settings.
    package init() {}

    /// How long a peer of this value ramps.
    package func slowStart(of value: PeerValue) -> Duration {
        value.slowStart.map { .seconds($0) } ?? slowStart ?? .seconds(30)
    }

    /// What is asked of a peer of this value; empty: nothing.
    package func checkURL(of value: PeerValue) -> String {
        value.checkURL ?? checkURL ?? "/health"
    }
}

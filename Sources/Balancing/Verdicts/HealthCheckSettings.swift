/// How the peers of a service are probed. The defaults are those of the configuration.
package struct HealthCheckSettings: Sendable, Hashable {
    /// Whether they are probed. The default is true.
    package var isEnabled = true
    /// The time between two probes of a peer. The default is 5 s.
    package var interval = Duration.seconds(5)
    /// How long a probe may take. The default is 3 s.
    package var timeout = Duration.seconds(3)
    /// How many passes in a row make an unhealthy peer healthy. The default is 2.
    package var rise = 2
    /// How many failures in a row make a healthy peer unhealthy. The default is 3.
    package var fall = 3
    /// The share of the interval by which starts vary. The default is 0.1.
    package var jitter = 0.1
    /// Whether a peer is picked before its first probe. The default is true.
    package var picksNewPeers = true
    /// The statuses that pass. The default is 200, 204, 301, 302, 401, 403, 404.
    package var okStatuses = StatusSet([200, 204, 301, 302, 401, 403, 404].map { $0...$0 })

    /// The default settings.
    package init() {}
}

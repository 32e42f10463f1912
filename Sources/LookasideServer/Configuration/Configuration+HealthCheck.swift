package import Balancing

extension Configuration {
    /// The active check: what is asked of each peer, how often, and what its answers mean.
    package struct HealthCheck: Sendable, Equatable {
        /// What a peer is before its first probe.
        package enum NewPeer: String, Sendable, CaseIterable {
            /// It is picked.
            case up
            /// It waits for its first pass.
            case down
        }

        /// Whether peers are probed. The default is true.
        package internal(set) var enabled = true
        /// The time from one probe of a peer to the next. The default is 5 s.
        package internal(set) var interval = Duration.seconds(5)
        /// How long a probe may take. The default is 3 s.
        package internal(set) var timeout = Duration.seconds(3)
        /// How many passes in a row make a peer healthy, 1 to 100. The default is 2.
        package internal(set) var rise = 2
        /// How many failures in a row make a peer unhealthy, 1 to 100. The default is 3.
        package internal(set) var fall = 3
        /// The share of the interval by which starts vary, 0 to 1. The default is 0.1.
        package internal(set) var jitter = 0.1
        /// How many probes may be under way at once, 1 to 65535. The default is 256.
        package internal(set) var concurrency = 256
        /// What a new peer is. The default is up.
        package internal(set) var newPeer = NewPeer.up
        /// The statuses that pass. The default is 200, 204, 301, 302, 401, 403, 404.
        package internal(set) var okStatus = StatusSet([200, 204, 301, 302, 401, 403, 404].map { $0...$0 })
    }
}

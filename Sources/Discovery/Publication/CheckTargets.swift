package import Balancing

/// The peers of one service that active checks are to probe, after every change of them.
package struct CheckTargets: Sendable {
    /// One peer and what is asked of it.
    package struct Target: Hashable, Sendable {
        /// The peer.
        package let peer: PeerAddress
        /// A path, an absolute URL or `tcp:`.
        package let url: String
        /// What tells the peer from another one at the same address; empty: its source cannot tell.
        package let identity: String
    }

    /// The service.
    package let service: String
    /// Its peers, none when the service is gone or not to be checked.
    package let targets: [Target]
    /// How they are probed.
    package let settings: HealthCheckSettings
    /// Whether the peers come from a source's first complete list: their first probes are spread over the interval.
    package let isFirstList: Bool
}

internal import LookasideAPI

extension Configuration {
    /// What the HTTP interface is told.
    var apiConfiguration: LookasideAPI.Configuration {
        .init(leaseValidSeconds: lease.valid / .seconds(1), version: LookasideServer.version, perPeerMetrics: metrics.perPeer)
    }
}

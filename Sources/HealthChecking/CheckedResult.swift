package import Balancing

/// What a probe saw, for one of the services that asked for it.
package struct CheckedResult: Sendable, Equatable {
    /// The service.
    package let service: String
    /// The peer.
    package let peer: PeerAddress
    /// What was seen.
    package let result: CheckResult

    /// Makes a result.
    package init(service: String, peer: PeerAddress, result: CheckResult) {
        self.service = service
        self.peer = peer
        self.result = result
    }
}

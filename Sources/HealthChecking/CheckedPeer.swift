package import Balancing

/// A peer of a service, and how it says that it is well.
package struct CheckedPeer: Hashable, Sendable {
    /// Where it is.
    package let peer: PeerAddress
    /// Its `check_url`: a path, an absolute http or https URL, or `tcp:`. Empty: it is not probed.
    package let url: String

    /// Makes a peer to check.
    package init(peer: PeerAddress, url: String) {
        self.peer = peer
        self.url = url
    }
}

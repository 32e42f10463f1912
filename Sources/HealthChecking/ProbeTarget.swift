package import Balancing
package import HTTPTransport

/// What a probe asks, and about whom: services that agree in it, in the interval and in the timeout share their probes.
package struct ProbeTarget: Hashable, Sendable {
    /// The peer whose health is in question.
    package let peer: PeerAddress
    /// Its `check_url`, not empty.
    package let url: String

    /// Makes a target; `nil` for a peer that is not to be probed.
    package init?(_ checked: CheckedPeer) {
        guard !checked.url.isEmpty else { return nil }
        peer = checked.peer
        url = checked.url
    }

    /// What is sent: a path goes to the peer over http, an absolute URL where it says, `tcp:` connects to the peer.
    package var probe: HTTPClient.Probe {
        if url.hasPrefix("/") {
            .get(url: "http://\(peer)\(url)")
        } else if url.hasPrefix("tcp:") {
            .connect(endpoint: peer.description)
        } else {
            .get(url: url)
        }
    }
}

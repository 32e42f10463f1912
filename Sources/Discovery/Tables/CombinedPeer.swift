internal import Balancing

/// One peer of a service after all sources were combined.
struct CombinedPeer: Equatable {
    let address: PeerAddress
    let value: PeerValue
    /// The source whose value it is: an index in the order of preference.
    let source: Int
}

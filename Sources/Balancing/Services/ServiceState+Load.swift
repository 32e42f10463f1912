internal import Synchronization

// MARK: - Load

extension ServiceState {
    /// How many requests a peer has under way, as picks and outcomes tell; `nil` while neither the policy nor a key asks for it.
    package func outstanding(of peer: PeerState, at now: Moment) -> Double? {
        isTrackingLoad.load(ordering: .relaxed) ? Double(peer.load.outstanding(at: now)) : nil
    }

    /// The latency in milliseconds that is expected of a peer, as outcomes tell; `nil` while the policy does not ask for it, or where nothing was
    /// reported for a minute.
    package func expectedLatency(of peer: PeerState, at now: Moment) -> Double? {
        isTrackingLoad.load(ordering: .relaxed) ? peer.load.latency(at: now).map(Double.init) : nil
    }

    /// Counts anew what all peers have outstanding together. To be called about once a second, and not by a worker: while outcomes come it goes
    /// through the peers.
    package func recountLoad(at now: Moment) {
        if isTrackingLoad.load(ordering: .relaxed) { load.recount(plan, at: now) }
    }
}

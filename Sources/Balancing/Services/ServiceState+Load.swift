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

    /// Notes a pick by a key: from now on it matters who is busy.
    func trackLoad(at now: Moment) {
        lastKeyed.store(now.second, ordering: .relaxed)
        guard !isTrackingLoad.load(ordering: .relaxed) else { return }
        setTracksLoad { _ in true }
    }

    /// Counts anew what all peers have outstanding together, or ceases to count where for a minute neither the policy nor a key has asked for it. To be
    /// called about once a second, and not by a worker: while outcomes come it goes through the peers.
    package func recountLoad(at now: Moment) {
        guard isTrackingLoad.load(ordering: .relaxed) else { return }
        let plan = self.plan
        guard plan.policy.needsLoad || now.second <= lastKeyed.load(ordering: .relaxed) &+ Self.keyMemory else {
            setTracksLoad(\.needsLoad)
            return
        }
        load.recount(plan, at: now)
    }

    private func setTracksLoad(_ isNeeded: (Policy) -> Bool) {
        picking.withLock { picking in
            picking.tracksLoad = isNeeded(picking.plan.policy)
            isTrackingLoad.store(picking.tracksLoad, ordering: .relaxed)
        }
    }

    /// For how many seconds a pick by a key has the load of peers counted.
    private static let keyMemory: UInt32 = 60
}

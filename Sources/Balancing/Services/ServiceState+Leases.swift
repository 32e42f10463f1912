internal import Synchronization

// MARK: - Leases

extension ServiceState {
    /// Notes picks of a lease, which are outstanding already: from now on until their outcomes or the end of the lease, without fading.
    func lease(_ picks: [Pick], at now: Moment, validSeconds: Double) {
        var counts: [ObjectIdentifier: (peer: PeerState, count: UInt32)] = [:]
        for pick in picks { counts[ObjectIdentifier(pick.peer), default: (pick.peer, 0)].count += 1 }
        leases.withLock { leases in
            for (peer, count) in counts.values {
                load.lease(count, of: peer, at: now)
                leases.add(peer, mark: peer.beginLease(count), at: now, lasting: validSeconds)
            }
        }
    }

    /// Takes back the picks of leases that have ended and that no outcome was reported of. To be called about once a second.
    package func endLeases(at now: Moment) {
        for ended in leases.withLock({ $0.takeEnded(by: now.second) }) {
            let unused = ended.peer.endLease(ended.mark)
            if unused > 0 { load.takeBack(unused, of: ended.peer) }
        }
    }
}

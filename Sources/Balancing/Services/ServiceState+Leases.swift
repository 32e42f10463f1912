internal import Synchronization

// MARK: - Leases

extension ServiceState {
    /// Notes picks of a lease, which are outstanding already.
    func lease(_ picks: [Pick], at now: Moment, validSeconds: Double) {
        var counts: [ObjectIdentifier: (peer: PeerState, count: UInt32)] = [:]
        for pick in picks { counts[ObjectIdentifier(pick.peer), default: (pick.peer, 0)].count += 1 }
        leases.withLock { leases in
            for (peer, count) in counts.values {
                leases.add(count, of: peer, mark: peer.beginLease(count), at: now, lasting: validSeconds)
            }
        }
    }

    /// Takes back the picks of leases that have ended and that no outcome was reported of. To be called about once a second.
    package func endLeases(at now: Moment) {
        for ended in leases.withLock({ $0.takeEnded(by: now.second) }) {
            let unused = ended.peer.endLease(ended.mark)
            guard unused > 0 else { continue }
            let age = Float(max(0, Double(now.milliseconds) - ended.began))
            load.takeBack(Float(unused), after: age, of: ended.peer, at: now)
        }
    }
}

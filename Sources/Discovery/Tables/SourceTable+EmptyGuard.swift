internal import Balancing

/// The peers that a list lacks though it should not, and that stay for a while.
///
/// A list that lacks more than half of all peers, or that follows a broken history, is more often the mark of a store that was wiped,
/// restored or is being filled again than of a fleet that went. The peers that it names apply at once; those that it lacks stay until
/// their time is over, or an event speaks of them.
extension SourceTable {
    package typealias Instant = ContinuousClock.Instant

    /// How many peers are kept.
    package var guardedCount: Int { guarded.values.reduce(0) { $0 + $1.count } }

    /// Adds to a new list the peers of the table before that it lacks, if they are too many to be believed; those that are kept already
    /// stay until their own time.
    ///
    /// - Parameter duration: how long peers are kept; zero: not at all.
    /// - Returns: how many peers are kept because of this list.
    package mutating func keepMissingPeers(
        of previous: SourceTable,
        followsBrokenHistory: Bool,
        for duration: Duration,
        at now: Instant
    ) -> Int {
        guard duration > .zero else { return 0 }
        var missing: [(service: String, address: PeerAddress, value: PeerValue, end: Instant?)] = []
        for (service, peers) in previous.services {
            let listed = services[service]
            let kept = previous.guarded[service]
            for (address, value) in peers where listed?[address] == nil { missing.append((service, address, value, kept?[address])) }
        }
        let newCount = missing.count { $0.end == nil }
        let isBelieved = !followsBrokenHistory && 2 * newCount <= previous.peerCount - previous.guardedCount
        for peer in missing {
            guard let end = peer.end ?? (isBelieved ? nil : now + duration), end > now else { continue }
            put(peer.value, PeerKey(service: peer.service, address: peer.address))
            guarded[peer.service, default: [:]][peer.address] = end
            nextGuardEnd = min(nextGuardEnd ?? end, end)
        }
        return isBelieved ? 0 : newCount
    }

    /// Removes the peers whose time is over.
    ///
    /// - Returns: their services.
    package mutating func endGuard(at now: Instant) -> Set<String> {
        guard let nextGuardEnd, nextGuardEnd <= now else { return [] }
        var changed: Set<String> = []
        for (service, peers) in guarded {
            for (address, end) in peers where end <= now {
                release(PeerKey(service: service, address: address))
                changed.insert(service)
            }
        }
        self.nextGuardEnd = guarded.values.flatMap(\.values).min()
        return changed
    }
}

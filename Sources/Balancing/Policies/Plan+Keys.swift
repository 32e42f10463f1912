// MARK: - The ring

extension Plan {
    /// How many points a ring has at most that is made in well under a millisecond.
    private static let fewPoints = 8192

    /// The ring over the eligible members, if it was made already.
    var ringAtHand: HashRing? { ownRing ?? keyRing.withLock { $0 } }

    /// Whether ``ring()`` takes no time to speak of.
    package var isRingAtHand: Bool { eligibleCount * ringScale.limit <= Self.fewPoints || ringAtHand != nil }

    /// The ring over the eligible members; made now where no key was asked for before. There must be one that may be picked.
    ///
    /// It is made without the lock. Two threads that need it first make it both, and one of the two is kept.
    func ring() -> HashRing {
        if let ring = ringAtHand { return ring }
        let made = HashRing(members[..<eligibleCount], scale: ringScale)
        return keyRing.withLock { ring in
            if let ring { return ring }
            ring = made
            return made
        }
    }
}

extension HashRing {
    convenience init(_ members: ArraySlice<PlanMember>, scale: Scale) {
        self.init(members.map(\.state.address), weights: members.map(\.effectiveWeight), scale: scale)
    }
}

// MARK: - Choosing

extension Plan {
    /// By how much a peer may have more outstanding than its share. "Consistent hashing with bounded loads", Mirrokni, Thorup and Zadimoghaddam, 2018.
    static let loadBound: Float = 1.25
    /// How far a key walks around the ring for a peer; beyond, any is as good.
    private static let longestWalk = 4096

    /// The peer of a key among those that are not excluded; one that is, when there is no other. There must be one that may be picked.
    ///
    /// While outcomes tell how busy peers are, and they are busy at all (one request each, on average), a peer that has a quarter more
    /// outstanding than its share is passed over for the next one on the ring.
    ///
    /// - Parameters:
    ///   - key: the hash of the key.
    ///   - total: what all peers have outstanding; `nil`: nobody knows.
    func choose(key: UInt64, excluding excluded: [PeerAddress], _ view: borrowing LoadView, total: Float?) -> (member: Int, isExcluded: Bool) {
        let ring = ring()
        let start = ring.point(of: key)
        let bound = bound(total.map { $0 + view.plannedTotal })
        var first: Int?
        for point in start..<start + min(ring.count, Self.longestWalk) {
            let member = ring.peer(at: point)
            guard excluded.isEmpty || !excluded.contains(members[member].state.address) else { continue }
            guard let bound, isFull(member, bound, view) else { return (member, false) }
            first = first ?? member
        }
        if let first { return (first, false) }
        let other = members[..<eligibleCount].firstIndex { !excluded.contains($0.state.address) }
        return other.map { ($0, false) } ?? (ring.peer(at: start), true)
    }

    /// What a peer with all the weight might have outstanding; `nil`: as much as comes.
    private func bound(_ total: Float?) -> Double? {
        guard let total, total >= Float(eligibleCount) else { return nil }
        return Double(Self.loadBound * (total + 1))
    }

    private func isFull(_ member: Int, _ bound: Double, _ view: borrowing LoadView) -> Bool {
        Double(view.outstanding(member)) + 1 > (bound * (members[member].effectiveWeight / eligibleWeight)).rounded(.up)
    }
}

// MARK: - The ring

extension Plan {
    /// How many points a ring has at most that is made in well under a millisecond: a point takes some 60 ns.
    private static let fewPoints = 4096

    /// The ring over the eligible members, if it was made already.
    var ringAtHand: HashRing? { ownRing ?? keyRing.withLock { $0 } }

    /// Whether ``ring()`` takes well under a millisecond.
    var isRingAtHand: Bool { eligibleCount * ringScale.limit <= Self.fewPoints || ringAtHand != nil }

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
    private static let longestWalk = 1024
    /// How many walks of that length take well under a millisecond.
    private static let fewWalks = 16
    /// How many peers are gone through in well under a millisecond.
    private static let fewPeers = 10_000

    /// Whether what is asked for is chosen in well under a millisecond.
    func choosesAtOnce(_ request: ServiceState.Request) -> Bool {
        guard request.key == nil else { return request.count <= Self.fewWalks && isRingAtHand }
        return request.excluded.isEmpty || eligibleCount <= Self.fewPeers
    }

    /// The way of a key around the ring.
    struct Walk {
        let ring: HashRing
        /// The point that the key belongs to.
        let start: Int
        /// The members that are passed over.
        let excluded: [Int]
    }

    /// The way of a key, given by its hash, around the ring. There must be a member that may be picked.
    func walk(from key: UInt64, excluding excluded: [PeerAddress]) -> Walk {
        let ring = ring()
        return Walk(ring: ring, start: ring.point(of: key), excluded: excluded.compactMap { eligiblePosition(of: $0) })
    }

    /// The first peer of a way that is not excluded; one that is, when there is no other.
    ///
    /// While outcomes tell how busy peers are, and they are busy at all (one request each, on average), a peer that has a quarter more
    /// outstanding than its share is passed over for the next one on the ring.
    ///
    /// - Parameter total: what all peers have outstanding; `nil`: nobody knows.
    func choose(_ walk: Walk, _ view: borrowing LoadView, total: Float?) -> (member: Int, isExcluded: Bool) {
        let bound = bound(total.map { $0 + view.plannedTotal })
        var first: Int?
        for point in walk.start..<walk.start + min(walk.ring.count, Self.longestWalk) {
            let member = walk.ring.peer(at: point)
            guard !walk.excluded.contains(member) else { continue }
            guard let bound, isFull(member, bound, view) else { return (member, false) }
            first = first ?? member
        }
        if let other = first ?? (0..<eligibleCount).first(where: { !walk.excluded.contains($0) }) { return (other, false) }
        return (walk.ring.peer(at: walk.start), true)
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

/// Picks by a key.
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

    /// What a peer may have outstanding for each unit of its weight; `nil`: as much as comes.
    private func bound(_ total: Float?) -> Float? {
        guard let total, total >= Float(eligibleCount) else { return nil }
        return Self.loadBound * (total + 1) / Float(eligibleWeight)
    }

    private func isFull(_ member: Int, _ bound: Float, _ view: borrowing LoadView) -> Bool {
        view.outstanding(member) + 1 > (bound * Float(members[member].effectiveWeight)).rounded(.up)
    }
}

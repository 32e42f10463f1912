extension Plan {
    /// A uniformly random place in the cycle.
    func randomPlace(using generator: inout some RandomNumberGenerator) -> Int {
        cycle.count > 1 ? Int.random(in: 0..<cycle.count, using: &generator) : 0
    }

    /// A member chosen by weight among those that are not excluded; one that is, when there is no other.
    func choose(
        excluding excluded: [PeerAddress],
        using generator: inout some RandomNumberGenerator
    ) -> (member: Int, isExcluded: Bool) {
        // A random slot is a random peer by weight, and refusing some leaves the rest their proportions.
        var member = 0
        for _ in 0..<16 {
            member = cycle[randomPlace(using: &generator)]
            if !excluded.contains(members[member].state.address) { return (member, false) }
        }
        // The excluded peers hold nearly all the weight: go through the rest.
        let rest = (0..<eligibleCount).filter { !excluded.contains(members[$0].state.address) }
        let slots = rest.reduce(0) { $0 + Int(members[$1].slots) }
        guard slots > 0 else { return (member, true) }
        var slot = Int.random(in: 0..<slots, using: &generator)
        for candidate in rest {
            slot -= Int(members[candidate].slots)
            if slot < 0 { return (candidate, false) }
        }
        return (member, true)
    }
}

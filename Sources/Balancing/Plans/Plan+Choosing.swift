extension Plan {
    /// How often a random slot is tried before the peers that are left are gone through.
    private static let tries = 16

    /// A uniformly random place in the cycle.
    func randomPlace(using generator: inout some RandomNumberGenerator) -> Int {
        cycle.count > 1 ? Int.random(in: 0..<cycle.count, using: &generator) : 0
    }

    /// Members chosen by weight among those that are not excluded; ones that are, when there are no others.
    ///
    /// Goes through the members at most once, however many are to be chosen. The cycle must not be empty.
    func choose(
        _ count: Int,
        excluding excluded: [PeerAddress],
        using generator: inout some RandomNumberGenerator
    ) -> [(member: Int, isExcluded: Bool)] {
        var choices: [(member: Int, isExcluded: Bool)] = []
        choices.reserveCapacity(count)
        var rest: Rest?
        for _ in 0..<count {
            if rest == nil, let member = tryRandomSlots(excluding: excluded, using: &generator) {
                choices.append((member, false))
                continue
            }
            // The excluded peers hold nearly all the weight.
            let left = rest ?? Rest(of: self, excluding: excluded)
            rest = left
            choices.append(left.choose(using: &generator).map { ($0, false) } ?? (cycle[randomPlace(using: &generator)], true))
        }
        return choices
    }

    /// A random slot is a random peer by weight, and refusing some leaves the rest their proportions.
    private func tryRandomSlots(excluding excluded: [PeerAddress], using generator: inout some RandomNumberGenerator) -> Int? {
        for _ in 0..<Self.tries {
            let member = cycle[randomPlace(using: &generator)]
            if !excluded.contains(members[member].state.address) { return member }
        }
        return nil
    }

    /// The members that are not excluded, for choices by weight.
    private struct Rest {
        private var members: [Int] = []
        /// The slots of each member and all before it.
        private var slotEnds: [Int] = []

        init(of plan: Plan, excluding excluded: [PeerAddress]) {
            let excluded = Set(excluded)
            var slots = 0
            for (position, member) in plan.members[..<plan.eligibleCount].enumerated() where !excluded.contains(member.state.address) {
                slots += Int(member.slots)
                members.append(position)
                slotEnds.append(slots)
            }
        }

        func choose(using generator: inout some RandomNumberGenerator) -> Int? {
            guard let slots = slotEnds.last else { return nil }
            let slot = Int.random(in: 0..<slots, using: &generator)
            var low = 0
            var high = members.count - 1
            while low < high {
                let middle = (low + high) / 2
                if slotEnds[middle] <= slot { low = middle + 1 } else { high = middle }
            }
            return members[low]
        }
    }
}

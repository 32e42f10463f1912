extension Plan {
    /// How often a random peer is tried before the peers that are left are gone through.
    private static let tries = 16

    /// A uniformly random place in the cycle.
    func randomPlace(using generator: inout some RandomNumberGenerator) -> Int {
        cycle.count > 1 ? Int.random(in: 0..<cycle.count, using: &generator) : 0
    }

    /// A random member by weight. There must be one that may be picked.
    func randomMember(using generator: inout some RandomNumberGenerator) -> Int {
        if cycle.count > 0 { return cycle[randomPlace(using: &generator)] }
        return table.count > 0 ? table.choose(using: &generator) : ring().peer(at: Int.random(in: 0..<ring().count, using: &generator))
    }

    /// Members chosen by weight among those that are not excluded; ones that are, when there are no others.
    ///
    /// Goes through the members at most once, however many are to be chosen. There must be one that may be picked.
    func choose(
        _ count: Int,
        excluding excluded: [PeerAddress],
        using generator: inout some RandomNumberGenerator
    ) -> [(member: Int, isExcluded: Bool)] {
        var choices: [(member: Int, isExcluded: Bool)] = []
        choices.reserveCapacity(count)
        var rest: Rest?
        for _ in 0..<count {
            if rest == nil, let member = tryRandomMembers(excluding: excluded, using: &generator) {
                choices.append((member, false))
                continue
            }
            // The excluded peers hold nearly all the weight.
            let left = rest ?? Rest(of: self, excluding: excluded)
            rest = left
            choices.append(left.choose(using: &generator).map { ($0, false) } ?? (randomMember(using: &generator), true))
        }
        return choices
    }

    /// Refusing some leaves the rest their proportions.
    private func tryRandomMembers(excluding excluded: [PeerAddress], using generator: inout some RandomNumberGenerator) -> Int? {
        for _ in 0..<Self.tries {
            let member = randomMember(using: &generator)
            if !excluded.contains(members[member].state.address) { return member }
        }
        return nil
    }

    /// The members that are not excluded, for choices by weight.
    private struct Rest {
        private var members: [Int] = []
        /// The weight of each member and all before it.
        private var weightEnds: [Double] = []

        init(of plan: Plan, excluding excluded: [PeerAddress]) {
            let excluded = Set(excluded)
            var weight = 0.0
            for (position, member) in plan.members[..<plan.eligibleCount].enumerated() where !excluded.contains(member.state.address) {
                weight += member.effectiveWeight
                members.append(position)
                weightEnds.append(weight)
            }
        }

        func choose(using generator: inout some RandomNumberGenerator) -> Int? {
            guard let weight = weightEnds.last else { return nil }
            let place = Double.random(in: 0..<weight, using: &generator)
            var low = 0
            var high = members.count - 1
            while low < high {
                let middle = (low + high) / 2
                if weightEnds[middle] <= place { low = middle + 1 } else { high = middle }
            }
            return members[low]
        }
    }
}

/// What picks of one service read: its peers, their weights and what the service's policy needs, compiled once and never changed.
///
/// Anything that changes an answer compiles a new plan; a pick computes no health and no weight.
package final class Plan: Sendable {
    /// Every peer of the service: first the eligible ones, then the rest; each part by address.
    package let members: [PlanMember]
    /// How many of ``members``, from the first on, may be picked.
    package let eligibleCount: Int
    /// The sum of their weights.
    package let eligibleWeight: Double
    /// How one of them is chosen.
    package let policy: Policy
    /// The order of picks, over the eligible members, of ``Policy/weightedRoundRobin``; empty for another policy.
    package let cycle: SmoothCycle
    /// Choices by weight, for the policies that draw lots; empty for another one.
    let table: AliasTable
    /// How many points on the ring its peers have.
    let ringScale: HashRing.Scale
    /// The ring of ``Policy/consistentHash``; `nil` for another policy.
    let ownRing: HashRing?
    /// The ring of another policy, made when a key is first asked for.
    let keyRing: ShortLock<HashRing?>
    /// Whether no source of the service has proved contact for `stale_after`: answers say so.
    package let isStale: Bool
    /// Whether too few candidates are well, so that all of them are picked: answers say so.
    package let isPanic: Bool
    /// Where its peers come from, and what was left out or kept.
    package let details: PlanDetails
    /// What every pick under this plan says.
    let flags: Pick.Flags
    /// The change that this plan shows: the control plane's counter when it was compiled.
    package let index: UInt64
    /// Whether picks go on at the same place of the cycle as under the plan before: same peers, same weights, same policy.
    let keepsPlace: Bool

    /// Compiles a plan.
    ///
    /// - Parameters:
    ///   - members: every peer of the service, each address once, in any order.
    ///   - details: what to show of the service beside its peers.
    ///   - previous: the plan that this one replaces; what was prepared is taken over when it would be the same.
    package init(
        members: [PlanMember],
        details: PlanDetails = PlanDetails(),
        policy: Policy = .weightedRoundRobin,
        isPanic: Bool = false,
        isStale: Bool,
        index: UInt64,
        previous: Plan?
    ) {
        var members = members
        members.sort { ($0.effectiveWeight > 0 ? 0 : 1, $0.state.address) < ($1.effectiveWeight > 0 ? 0 : 1, $1.state.address) }
        let eligibleCount = members.firstIndex { $0.effectiveWeight == 0 } ?? members.count
        let eligible = members[..<eligibleCount]
        let scale = HashRing.Scale(members.lazy.map(\.weight))
        let same = previous.flatMap { Self.isSameOrder(eligible, $0.members[..<$0.eligibleCount]) ? $0 : nil }
        let ring = same.flatMap { $0.ringScale == scale ? $0.ringAtHand : nil }
        ringScale = scale
        ownRing = policy == .consistentHash ? ring ?? HashRing(eligible, scale: scale) : nil
        keyRing = ShortLock(ring)
        if let same, same.policy == policy {
            keepsPlace = true
            cycle = same.cycle
            table = same.table
        } else {
            keepsPlace = false
            let weights = eligible.map(\.effectiveWeight)
            cycle = SmoothCycle(weights: policy == .weightedRoundRobin ? weights : [])
            table = AliasTable(weights: [.random, .leastOutstanding, .peakEWMA].contains(policy) ? weights : [])
        }
        if policy == .weightedRoundRobin {
            for position in 0..<eligibleCount { members[position].slots = cycle.counts[position] }
        }
        self.members = members
        self.eligibleCount = eligibleCount
        eligibleWeight = eligible.reduce(0) { $0 + $1.effectiveWeight }
        self.policy = policy
        self.details = details
        self.isPanic = isPanic
        self.isStale = isStale
        self.flags = [isPanic ? .panic : [], isStale ? .stale : []]
        self.index = index
    }

    private static func isSameOrder(_ left: ArraySlice<PlanMember>, _ right: ArraySlice<PlanMember>) -> Bool {
        left.count == right.count && zip(left, right).allSatisfy { $0.state === $1.state && $0.effectiveWeight == $1.effectiveWeight }
    }
}

// MARK: - Members

extension Plan {
    /// The member with this address, found in the time of two binary searches.
    package func member(_ address: PeerAddress) -> PlanMember? {
        (position(of: address, in: members[..<eligibleCount]) ?? position(of: address, in: members[eligibleCount...])).map { members[$0] }
    }

    /// Where the member with this address stands, if it may be picked.
    func eligiblePosition(of address: PeerAddress) -> Int? { position(of: address, in: members[..<eligibleCount]) }

    /// The state of the member with this address.
    package func state(of address: PeerAddress) -> PeerState? { member(address)?.state }

    /// The shares of all picks that are the members' in the long run, as far as weights and, under ``Policy/consistentHash``, places on the ring
    /// decide; 0 for one that may not be picked. Takes time in proportion to the peers and the points of the ring.
    package var expectedShares: [Double] {
        let eligible = members[..<eligibleCount]
        let shares: [Double]
        if let ownRing {
            shares = ownRing.shares(peers: eligibleCount)
        } else if policy == .weightedRoundRobin {
            shares = eligible.map { Double($0.slots) / Double(cycle.count) }
        } else {
            shares = eligible.map { $0.effectiveWeight / eligibleWeight }
        }
        return shares + Array(repeating: 0, count: members.count - eligibleCount)
    }

    /// The largest difference between a peer's share by weight and its expected one, in relation to the larger of the two; 0: exact.
    ///
    /// - Parameter shares: ``expectedShares``, for those who have asked for them already.
    package func weightError(of shares: [Double]) -> Double {
        guard ownRing != nil else { return cycle.largestError }
        return ShareError.largest(weights: members[..<eligibleCount].map(\.effectiveWeight), parts: Array(shares[..<eligibleCount]))
    }

    private func position(of address: PeerAddress, in part: ArraySlice<PlanMember>) -> Int? {
        var low = part.startIndex
        var high = part.endIndex
        while low < high {
            let middle = low + (high - low) / 2
            if part[middle].state.address < address { low = middle + 1 } else { high = middle }
        }
        return low < part.endIndex && part[low].state.address == address ? low : nil
    }
}

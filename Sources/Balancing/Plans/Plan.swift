/// What picks of one service read: its peers, their weights and the order of picks, compiled once and never changed.
///
/// Anything that changes an answer compiles a new plan; a pick computes nothing but its place in ``cycle``.
package final class Plan: Sendable {
    /// Every peer of the service: first the eligible ones in the order of ``cycle``'s indices, then the rest; each part by address.
    package let members: [PlanMember]
    /// How many of ``members``, from the first on, may be picked.
    package let eligibleCount: Int
    /// The order of picks, over the eligible members.
    package let cycle: SmoothCycle
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
    /// Whether picks go on at the same place of the cycle as under the plan before: same peers, same weights.
    let keepsPlace: Bool

    /// Compiles a plan.
    ///
    /// - Parameters:
    ///   - members: every peer of the service, each address once, in any order.
    ///   - details: what to show of the service beside its peers.
    ///   - previous: the plan that this one replaces; its cycle is taken over when peers and weights are the same.
    package init(
        members: [PlanMember],
        details: PlanDetails = PlanDetails(),
        isPanic: Bool = false,
        isStale: Bool,
        index: UInt64,
        previous: Plan?
    ) {
        var members = members
        members.sort { ($0.effectiveWeight > 0 ? 0 : 1, $0.state.address) < ($1.effectiveWeight > 0 ? 0 : 1, $1.state.address) }
        let eligibleCount = members.firstIndex { $0.effectiveWeight == 0 } ?? members.count
        let eligible = members[..<eligibleCount]
        if let previous, Self.isSameOrder(eligible, previous.members[..<previous.eligibleCount]) {
            self.keepsPlace = true
            self.cycle = previous.cycle
        } else {
            self.keepsPlace = false
            self.cycle = SmoothCycle(weights: eligible.map(\.effectiveWeight))
        }
        for position in 0..<eligibleCount { members[position].slots = cycle.counts[position] }
        self.members = members
        self.eligibleCount = eligibleCount
        self.details = details
        self.isPanic = isPanic
        self.isStale = isStale
        self.flags = [isPanic ? .panic : [], isStale ? .stale : []]
        self.index = index
    }

    private static func isSameOrder(_ left: ArraySlice<PlanMember>, _ right: ArraySlice<PlanMember>) -> Bool {
        left.count == right.count && zip(left, right).allSatisfy { $0.state === $1.state && $0.effectiveWeight == $1.effectiveWeight }
    }

    /// The member with this address, found in the time of two binary searches.
    package func member(_ address: PeerAddress) -> PlanMember? {
        find(address, in: members[..<eligibleCount]) ?? find(address, in: members[eligibleCount...])
    }

    /// The state of the member with this address.
    package func state(of address: PeerAddress) -> PeerState? { member(address)?.state }

    private func find(_ address: PeerAddress, in part: ArraySlice<PlanMember>) -> PlanMember? {
        var low = part.startIndex
        var high = part.endIndex
        while low < high {
            let middle = low + (high - low) / 2
            if part[middle].state.address < address { low = middle + 1 } else { high = middle }
        }
        return low < part.endIndex && part[low].state.address == address ? part[low] : nil
    }
}

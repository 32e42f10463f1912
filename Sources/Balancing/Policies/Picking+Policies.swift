/// The policies that draw lots.
extension Picking {
    /// The largest pool of which ``Policy/leastOutstanding`` looks at every peer: two choices of few peers miss the best one often.
    static let largestFullScan = 32
    /// How often a second choice that is the first one is drawn again.
    private static let redraws = 4

    /// Chooses by the plan's policy; there must be a peer that may be picked.
    mutating func choose(_ view: borrowing LoadView) -> Int {
        switch plan.policy {
        case .weightedRoundRobin, .random, .consistentHash: plan.randomMember(using: &generator)
        case .leastOutstanding: plan.eligibleCount <= Self.largestFullScan ? leastOutstandingOfAll(view) : leastOutstandingOfTwo(view)
        case .peakEWMA: peakEWMA(view)
        }
    }

    /// The peer with the least outstanding for its weight; of equal ones a random one by weight, so that idle peers share by weight.
    private mutating func leastOutstandingOfAll(_ view: borrowing LoadView) -> Int {
        var best = 0
        var least = Float.infinity
        var weight = 0.0
        for member in 0..<plan.eligibleCount {
            let own = plan.members[member].effectiveWeight
            let relative = relativeOutstanding(member, view)
            if relative < least {
                (best, least, weight) = (member, relative, own)
            } else if relative == least {
                weight += own
                if Double.random(in: 0..<weight, using: &generator) < own { best = member }
            }
        }
        return best
    }

    /// Of two random peers the one with less outstanding for its weight. "The power of two choices in randomized load balancing",
    /// Mitzenmacher, 2001.
    private mutating func leastOutstandingOfTwo(_ view: borrowing LoadView) -> Int {
        let (first, second) = twoChoices()
        return relativeOutstanding(second, view) < relativeOutstanding(first, view) ? second : first
    }

    /// Whole requests, so that what has faded to less than half of one does not count.
    private func relativeOutstanding(_ member: Int, _ view: borrowing LoadView) -> Float {
        view.outstanding(member).rounded() / Float(plan.members[member].effectiveWeight)
    }

    /// Of two random peers the one where a request is expected to wait less: latency x (outstanding + 1), for its weight. One of unknown latency is tried with
    /// one request, and left alone until that was answered or has faded. Finagle's `P2CPeakEwma`.
    private mutating func peakEWMA(_ view: borrowing LoadView) -> Int {
        let (first, second) = twoChoices()
        return cost(second, view) < cost(first, view) ? second : first
    }

    private func cost(_ member: Int, _ view: borrowing LoadView) -> Float {
        let outstanding = view.outstanding(member)
        let weight = Float(plan.members[member].effectiveWeight)
        if let latency = view.latency(member) { return max(latency, Self.leastLatency) * (outstanding + 1) / weight }
        // Above every known cost, and in order of load among the unknown.
        return outstanding < 0.5 ? 0 : Self.unknownCost * (outstanding + 1) / weight
    }

    /// The latency of a peer that answers at once, in milliseconds: what differs below that does not matter.
    private static let leastLatency: Float = 0.01
    private static let unknownCost: Float = 1e12

    private mutating func twoChoices() -> (Int, Int) {
        let first = plan.table.choose(using: &generator)
        guard plan.eligibleCount > 1 else { return (first, first) }
        var second = plan.table.choose(using: &generator)
        for _ in 0..<Self.redraws where second == first { second = plan.table.choose(using: &generator) }
        // One that holds nearly all the weight: any other one is as good.
        if second == first { second = (first + 1) % plan.eligibleCount }
        return (first, second)
    }
}

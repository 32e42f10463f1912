internal import Glibc

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

    /// The peer with the least outstanding for its weight, where each has one more of a random length: of exponential lengths over weights
    /// the least is a peer's with the probability of its weight. So idle peers share by weight, and one of little weight does not get
    /// every request for which it happens to be idle.
    private mutating func leastOutstandingOfAll(_ view: borrowing LoadView) -> Int {
        var best = 0
        var least = Float.infinity
        for member in 0..<plan.eligibleCount {
            let next = -logf(Float.random(in: Float.leastNormalMagnitude...1, using: &generator))
            let relative = (view.outstanding(member).rounded() + next) / relativeWeight(member)
            if relative < least { (best, least) = (member, relative) }
        }
        return best
    }

    /// Of two random peers the one with less outstanding for its weight. "The power of two choices in randomized load balancing",
    /// Mitzenmacher, 2001.
    private mutating func leastOutstandingOfTwo(_ view: borrowing LoadView) -> Int {
        let (first, second) = twoChoices()
        // Whole requests, so that what has faded to less than half of one does not count.
        func relative(_ member: Int) -> Float { view.outstanding(member).rounded() / relativeWeight(member) }
        return relative(second) < relative(first) ? second : first
    }

    /// Of two peers drawn by weight the one where a request is expected to wait less: latency x (outstanding for its weight + 1). The first stays
    /// where there is little between known latencies, so that peers of like latency share by weight. One of unknown latency is tried with one request,
    /// and left alone until that was answered or has faded. Finagle's `P2CPeakEwma`.
    private mutating func peakEWMA(_ view: borrowing LoadView) -> Int {
        let (first, second) = twoChoices()
        let limit = cost(first, view)
        return cost(second, view) < (limit < Self.unknownCost ? Self.clearlyLess * limit : limit) ? second : first
    }

    private func cost(_ member: Int, _ view: borrowing LoadView) -> Float {
        let outstanding = view.outstanding(member)
        let wait = outstanding / relativeWeight(member) + 1
        if let latency = view.latency(member) { return max(latency, Self.leastLatency) * wait }
        // Above every known cost, and in order of load among the unknown.
        return outstanding < 0.5 ? 0 : Self.unknownCost * wait
    }

    /// The weight of a member over the mean of all.
    private func relativeWeight(_ member: Int) -> Float {
        let weight = plan.members[member].effectiveWeight / plan.eligibleWeight * Double(plan.eligibleCount)
        return max(Self.leastRelativeWeight, Float(weight))
    }

    /// Below that it makes no difference, but for what a `Float` holds.
    private static let leastRelativeWeight: Float = 1e-6
    /// What a cost is multiplied by that another one has to be below.
    private static let clearlyLess: Float = 0.8

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

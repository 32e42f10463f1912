/// What one pick reads and writes, guarded by its ``ServiceState``'s lock: the plan, the place in its cycle, the running counts.
struct Picking {
    private(set) var plan: Plan
    private var place: Int
    /// The second that `counts` belongs to.
    private var second: UInt32 = 0
    /// Picks of `second` by member; empty until the first one under this plan.
    private var counts: [UInt32] = []
    /// Counts of seconds and plans that have ended, not yet given to the peers.
    private var ended: [EndedCounts] = []
    /// For the policies that draw lots.
    var generator: SplitMix64
    /// Whether picks are noted as outstanding: the policy asks for it, or keys were asked for.
    var tracksLoad: Bool

    /// Whether so much was put aside that whoever sees it gives it to the peers, before the next settling.
    var hasEndedMuch: Bool { ended.count >= 64 }

    /// The picks of one second under one plan.
    struct EndedCounts {
        let plan: Plan
        let second: UInt32
        let counts: [UInt32]
    }

    /// Enters a plan at a place; the seed is that of the lots.
    init(plan: Plan, place: Int, seed: UInt64) {
        self.plan = plan
        self.place = place
        generator = SplitMix64(seed: seed)
        tracksLoad = plan.policy.needsLoad
    }

    /// Makes `second` the running one, and puts the counts of the one before aside.
    mutating func enter(_ second: UInt32) {
        guard second != self.second else { return }
        endCounts()
        self.second = second
    }

    /// Takes the next peer and counts it; `load` is what the service has outstanding.
    mutating func next(at now: Moment, load: borrowing ServiceLoad) -> Pick? {
        guard plan.eligibleCount > 0 else { return nil }
        // Turns need no view: making one costs as much as taking one.
        let member = if case .weightedRoundRobin = plan.policy { nextOfCycle() } else { choose(LoadView(plan, now)) }
        count(member)
        if tracksLoad { load.begin(plan.members[member].state, at: now) }
        return Pick(plan, member)
    }

    @inline(__always)
    private mutating func nextOfCycle() -> Int {
        let member = plan.cycle[place]
        place = place + 1 == plan.cycle.count ? 0 : place + 1
        return member
    }

    /// A copy that chooses as this one does and holds none of its counts.
    func copyOfChoice() -> Picking {
        var copy = Picking(plan: plan, place: place, seed: 0)
        copy.generator = generator
        return copy
    }

    /// The next `number` peers, neither taken nor counted. Leaves the place behind them: for copies.
    consuming func following(_ number: Int, at now: Moment) -> [Pick] {
        guard plan.eligibleCount > 0 else { return [] }
        var view = LoadView(plan, now)
        return (0..<number).map { _ in
            let member = if case .weightedRoundRobin = plan.policy { nextOfCycle() } else { choose(view) }
            view.add(member)
            return Pick(plan, member)
        }
    }

    /// Counts picks that were chosen from `chosenFrom`, which may have been replaced since.
    mutating func count(_ members: [Int], chosenFrom: Plan) {
        if chosenFrom === plan {
            for member in members { count(member) }
        } else {
            var counts = [UInt32](repeating: 0, count: chosenFrom.eligibleCount)
            for member in members { counts[member] += 1 }
            ended.append(EndedCounts(plan: chosenFrom, second: second, counts: counts))
        }
    }

    @inline(__always)
    private mutating func count(_ member: Int) {
        if counts.isEmpty { counts = Array(repeating: 0, count: plan.eligibleCount) }
        counts[member] &+= 1
    }

    /// Puts the running counts aside.
    private mutating func endCounts() {
        guard !counts.isEmpty else { return }
        ended.append(EndedCounts(plan: plan, second: second, counts: counts))
        counts = []
    }

    /// Takes what was put aside.
    mutating func takeEnded() -> [EndedCounts] {
        let taken = ended
        ended = []
        return taken
    }

    /// Replaces the plan; enters it at `place` unless it goes on where the old one was.
    ///
    /// - Returns: the old plan, so that it is freed outside the lock.
    mutating func replace(_ plan: Plan, enteringAt place: Int) -> Plan {
        endCounts()
        let replaced = self.plan
        self.plan = plan
        if !plan.keepsPlace { self.place = place }
        if plan.policy.needsLoad { tracksLoad = true }
        return replaced
    }
}

extension Pick {
    /// The pick of a member of a plan.
    @inline(__always)
    init(_ plan: Plan, _ member: Int, _ flags: Flags = []) {
        self.peer = plan.members[member].state
        self.weight = plan.members[member].weight
        self.flags = flags.union(plan.flags)
    }
}

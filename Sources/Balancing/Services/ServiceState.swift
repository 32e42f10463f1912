internal import Synchronization

/// One service as picks see it: the published plan, the place in its cycle, and the picks counted so far.
///
/// Thread-safe. One ``ShortLock`` guards plan, place and counters; a pick holds it for as long as it takes to read one slot.
/// Counting goes to a flat array beside the plan and from there, once a second and not by a pick, to the peers: a pick touches
/// no memory of the chosen peer but its reference count.
package final class ServiceState: Sendable {
    /// The name of the service.
    package let name: String

    struct Statistics {
        var picks = SecondRing()
        var transitions = TransitionTotals()
        /// Peers that hold statistics or prepared answers, for the sweep that frees them.
        var active: [ObjectIdentifier: PeerState] = [:]
    }

    let picking: ShortLock<Picking>
    /// What its peers have outstanding together.
    let load = ServiceLoad()
    /// Whether outcomes are to be taken off what is outstanding: ``Picking/tracksLoad``, for those who do not hold its lock. Written under it.
    let isTrackingLoad = Atomic(false)
    /// Whether the published plan's policy is ``Policy/consistentHash``, for those who do not hold its lock.
    private let isHashing = Atomic(false)
    /// The second of the last pick by a key.
    let lastKeyed = Atomic<UInt32>(0)
    /// Leases by the second in which they end.
    let leases = Mutex(LeaseCalendar())
    /// Taken before `picking` and `totals` where both are held.
    let statistics = Mutex(Statistics())
    /// Apart from the statistics, which are held for as long as it takes to look at every peer: each outcome takes this one.
    let totals = Mutex(TrafficTotals())
    private let currentSettings: Mutex<ServiceSettings>
    let signal: @Sendable (ServiceSignal) -> Void
    /// Whether the control plane sweeps the service.
    let isWatched = Atomic(false)

    /// Makes a service with its first plan, entered at a uniformly random place so that replicas start apart.
    ///
    /// - Parameter signal: called, on whatever thread records an outcome, with what cannot wait for the next sweep.
    package init(
        name: String,
        plan: Plan,
        settings: ServiceSettings = ServiceSettings(),
        using generator: inout some RandomNumberGenerator,
        signal: @escaping @Sendable (ServiceSignal) -> Void = { _ in }
    ) {
        self.name = name
        self.currentSettings = Mutex(settings)
        self.signal = signal
        self.picking = ShortLock(Picking(plan: plan, place: plan.randomPlace(using: &generator), seed: generator.next()))
        if plan.policy.needsLoad { isTrackingLoad.store(true, ordering: .relaxed) }
        isHashing.store(plan.policy == .consistentHash, ordering: .relaxed)
    }

    /// How its peers are judged and picked.
    package var settings: ServiceSettings {
        get { currentSettings.withLock { $0 } }
        set { currentSettings.withLock { $0 = newValue } }
    }

    /// The published plan.
    package var plan: Plan { picking.withLock { $0.plan } }

    /// Replaces the plan in one swap that picks cannot see: the same peers and weights go on where they were, any other
    /// plan is entered at a uniformly random place.
    package func publish(_ plan: Plan, using generator: inout some RandomNumberGenerator) {
        let place = plan.randomPlace(using: &generator)
        let replaced = picking.withLock { picking in
            defer { isTrackingLoad.store(picking.tracksLoad, ordering: .relaxed) }
            return picking.replace(plan, enteringAt: place)
        }
        isHashing.store(plan.policy == .consistentHash, ordering: .relaxed)
        withExtendedLifetime(replaced) {}
    }
}

// MARK: - Picking

extension ServiceState {
    /// Whether picks without a key go by a key, too: the client's.
    package var hashesKeys: Bool { isHashing.load(ordering: .relaxed) }

    /// Picks the next peer and counts the pick; `nil` when no peer can be picked.
    ///
    /// - Parameter now: the time of the caller's monotonic clock.
    package func pick(at now: Moment) -> Pick? {
        let (pick, hasEndedMuch) = picking.withLock { picking in
            picking.enter(now.second)
            return (picking.next(at: now, load: load), picking.hasEndedMuch)
        }
        if hasEndedMuch { settle() }
        return pick
    }

    /// What is asked for where it is not just the next peer.
    package struct Request: Sendable {
        /// How many picks.
        package var count = 1
        /// The ``StableHash/hash(_:)`` of a key: the same peer for the same key, on every replica, as long as it may be picked and is not too
        /// busy. `nil`: the service's policy decides.
        package var key: UInt64?
        /// Peers that are not wanted. Others are chosen by their weights, at random, so that the retries of one dead peer do not all hit its
        /// neighbour. When only excluded peers can be picked, one of them is, flagged.
        package var excluded: [PeerAddress] = []
        /// Whether the picks are only looked at: nothing moves and nothing is counted.
        package var isPreview = false
        /// After how many seconds picks without an outcome have come to nothing; `nil`: they are not leased.
        package var leaseSeconds: Double?

        /// Whether the next peers are asked for, whoever they are.
        var isInTurn: Bool { key == nil && excluded.isEmpty }

        /// Makes a request; each argument's default is the field's.
        package init(
            count: Int = 1,
            key: UInt64? = nil,
            excluded: [PeerAddress] = [],
            isPreview: Bool = false,
            leaseSeconds: Double? = nil
        ) {
            self.count = count
            self.key = key
            self.excluded = excluded
            self.isPreview = isPreview
            self.leaseSeconds = leaseSeconds
        }
    }

    /// Picks several peers: by the policy what as many single picks would have returned. With a key or excluded peers the place in the cycle
    /// stays. Empty when no peer can be picked.
    package func pick(_ request: Request, at now: Moment) -> [Pick] {
        var generator = SystemRandomNumberGenerator()
        return pick(request, at: now, using: &generator)
    }

    /// The same with a generator for the choice among peers that are not excluded.
    package func pick(_ request: Request, at now: Moment, using generator: inout some RandomNumberGenerator) -> [Pick] {
        request.isInTurn ? pickInTurn(request, at: now) : pickAside(request, from: plan, at: now, using: &generator)
    }

    /// The same for a thread that others wait for; `nil` where it may take longer than well under a millisecond: then nothing was picked.
    package func pickAtOnce(_ request: Request, at now: Moment) -> [Pick]? {
        guard request.count <= Self.longestShortLease else { return nil }
        guard !request.isInTurn else { return pickInTurn(request, at: now) }
        let plan = self.plan
        guard plan.choosesAtOnce(request) else { return nil }
        var generator = SystemRandomNumberGenerator()
        return pickAside(request, from: plan, at: now, using: &generator)
    }

    /// The longest lease that is picked, and its answer made, in well under a millisecond.
    private static let longestShortLease = 100
    /// How many picks of a lease are taken before others have their turn: a pick of 32 peers by load takes about a microsecond.
    private static let picksPerTurn = 16

    private func pickInTurn(_ request: Request, at now: Moment) -> [Pick] {
        guard !request.isPreview else { return picking.withLock { $0.copyOfChoice() }.following(request.count, at: now) }
        var picks: [Pick] = []
        picks.reserveCapacity(request.count)
        var (hasEndedMuch, tracksLoad, isOver) = (false, false, false)
        while picks.count < request.count, !isOver {
            let goal = min(request.count, picks.count + Self.picksPerTurn)
            picking.withLock { picking in
                picking.enter(now.second)
                while picks.count < goal, let pick = picking.next(at: now, load: load) { picks.append(pick) }
                (hasEndedMuch, tracksLoad, isOver) = (picking.hasEndedMuch, picking.tracksLoad, picks.count < goal)
            }
        }
        return finish(picks, of: request, at: now, hasEndedMuch: hasEndedMuch, tracksLoad: tracksLoad)
    }

    /// Chooses without the lock, since it may take its time, and counts under it.
    private func pickAside(
        _ request: Request,
        from plan: Plan,
        at now: Moment,
        using generator: inout some RandomNumberGenerator
    ) -> [Pick] {
        guard plan.eligibleCount > 0 else { return [] }
        if request.key != nil, !request.isPreview { trackLoad(at: now) }
        let choices = choices(request, from: plan, at: now, using: &generator)
        let picks = choices.map { Pick(plan, $0.member, $0.isExcluded ? .excluded : []) }
        guard !request.isPreview else { return picks }
        let members = choices.map(\.member)
        let (hasEndedMuch, tracksLoad) = picking.withLock { picking in
            picking.enter(now.second)
            picking.count(members, chosenFrom: plan)
            return (picking.hasEndedMuch, picking.tracksLoad)
        }
        return finish(picks, of: request, at: now, hasEndedMuch: hasEndedMuch, tracksLoad: tracksLoad)
    }

    private func finish(_ picks: [Pick], of request: Request, at now: Moment, hasEndedMuch: Bool, tracksLoad: Bool) -> [Pick] {
        if hasEndedMuch { settle() }
        if tracksLoad, let seconds = request.leaseSeconds { lease(picks, at: now, validSeconds: seconds) }
        return picks
    }

    private func choices(
        _ request: Request,
        from plan: Plan,
        at now: Moment,
        using generator: inout some RandomNumberGenerator
    ) -> [(member: Int, isExcluded: Bool)] {
        let notes = !request.isPreview && isTrackingLoad.load(ordering: .relaxed)
        guard let key = request.key else {
            let choices = plan.choose(request.count, excluding: request.excluded, using: &generator)
            if notes { for choice in choices { load.begin(plan.members[choice.member].state, at: now) } }
            return choices
        }
        var view = LoadView(plan, now)
        let walk = plan.walk(from: key, excluding: request.excluded)
        return (0..<request.count).map { _ in
            let choice = plan.choose(walk, view, total: load.outstanding(at: now))
            if notes { load.begin(plan.members[choice.member].state, at: now) } else { view.add(choice.member) }
            return choice
        }
    }
}

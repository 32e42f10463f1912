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
        var totals = TrafficTotals()
        var transitions = TransitionTotals()
        /// Peers that hold statistics or prepared answers, for the sweep that frees them.
        var active: [ObjectIdentifier: PeerState] = [:]
    }

    let picking: ShortLock<Picking>
    /// Taken before `picking` where both are held.
    let statistics = Mutex(Statistics())
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
        self.picking = ShortLock(Picking(plan: plan, place: plan.randomPlace(using: &generator)))
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
        let replaced = picking.withLock { $0.replace(plan, enteringAt: place) }
        withExtendedLifetime(replaced) {}
    }
}

// MARK: - Picking

extension ServiceState {
    /// Picks the next peer and counts the pick; `nil` when no peer can be picked.
    ///
    /// - Parameter second: the running second of the caller's monotonic clock, for the statistics.
    package func pick(at second: UInt32) -> Pick? {
        let (pick, hasEndedMuch) = picking.withLock { picking in
            picking.enter(second)
            return (picking.next(), picking.hasEndedMuch)
        }
        if hasEndedMuch { settle() }
        return pick
    }

    /// Picks several peers at once: what as many single picks would have returned. Empty when no peer can be picked.
    package func pick(count: Int, at second: UInt32) -> [Pick] {
        let (picks, hasEndedMuch) = picking.withLock { picking in
            picking.enter(second)
            return (picking.next(count), picking.hasEndedMuch)
        }
        if hasEndedMuch { settle() }
        return picks
    }

    /// What ``pick(count:at:)`` would return, without moving on or counting.
    package func preview(count: Int) -> [Pick] {
        picking.withLock { $0.following(count) }
    }

    /// Picks peers by their weights among those not in `excluded`, at random, so that the retries of one dead peer do not
    /// all hit its neighbour. The place in the cycle stays. When only excluded peers can be picked, one of them is, flagged.
    ///
    /// - Parameter second: the running second, to count the picks under; `nil`: they are not counted.
    package func pick(
        count: Int,
        excluding excluded: [PeerAddress],
        at second: UInt32?,
        using generator: inout some RandomNumberGenerator
    ) -> [Pick] {
        let plan = self.plan
        guard plan.cycle.count > 0 else { return [] }
        let choices = plan.choose(count, excluding: excluded, using: &generator)
        if let second {
            let hasEndedMuch = picking.withLock { picking in
                picking.enter(second)
                picking.count(choices.map(\.member), chosenFrom: plan)
                return picking.hasEndedMuch
            }
            if hasEndedMuch { settle() }
        }
        return choices.map { Pick(plan, $0.member, $0.isExcluded ? .excluded : []) }
    }
}

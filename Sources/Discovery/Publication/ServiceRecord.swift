package import Balancing

/// What the control plane keeps of one service between plans: its verdicts, its ramps, and who left lately.
///
/// A value that is given the time and, once, its random generator.
package struct ServiceRecord {
    package typealias Instant = ContinuousClock.Instant

    /// How long the state and the verdict of a peer that left are kept, for the case that it comes back.
    static let departureMemory = Duration.seconds(60)
    /// How long a service that no source names any more is known.
    static let nameMemory = Duration.seconds(300)

    /// The service as picks see it.
    package let state: ServiceState
    private(set) var settings: ServiceSettings
    private(set) var verdicts: ServiceVerdicts
    private var slowStart = SlowStart()
    /// When the service was first named; `nil` when a source's first complete list named it.
    private let born: Instant?
    /// Peers that left lately, with the time.
    private var departed: [PeerAddress: (state: PeerState, value: PeerValue, at: Instant)] = [:]
    /// The identities of peers whose values, from another source, have none at the moment.
    private var hiddenIdentities: [PeerAddress: String] = [:]
    /// When the last source ceased to name the service; `nil` while one does.
    private(set) var unnamedSince: Instant?
    /// When evidence is next looked at; `nil` while there is none.
    private var nextSweep: Instant?
    /// When a ramp next goes a step up.
    private var nextRampStep: Instant?
    /// The candidates as ejections see them, counted when one is wanted; `nil` after any other change of them.
    private var pool: EjectionPool?
    /// Transitions that are not in picks yet, and so not among the events either.
    private var unpublished: [Transition] = []
    private var generator: any RandomNumberGenerator & Sendable

    /// Makes the record of a service that has just been named; it has no peers before ``publish(_:)``.
    ///
    /// - Parameters:
    ///   - verdicts: what a process before this one had found.
    ///   - born: when the service was first named; `nil` when a source's first complete list named it.
    ///   - generator: what places in the cycle, lots and the length of ejections are drawn with.
    ///   - signal: see ``ServiceState``.
    package init(
        name: String,
        settings: ServiceSettings,
        verdicts: ServiceVerdicts = ServiceVerdicts(),
        born: Instant?,
        generator: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator(),
        signal: @escaping @Sendable (ServiceSignal) -> Void
    ) {
        self.settings = settings
        self.verdicts = verdicts
        self.born = born
        var generator = generator
        state = ServiceState(
            name: name,
            plan: Plan(members: [], isStale: false, index: 0, previous: nil),
            settings: settings,
            using: &generator,
            signal: signal
        )
        self.generator = generator
    }

    /// When ``advance(to:wallTime:second:)`` next has something to do.
    package var deadline: Instant? { [verdicts.nextReadmission, nextSweep, nextRampStep].compactMap { $0 }.min() }
}

// MARK: - Plans

extension ServiceRecord {
    /// What a plan is compiled from, beside what the record holds.
    package struct Publication {
        /// What the sources say now.
        let service: CombinedService
        /// Whether the peers come from a source's first complete list.
        let isFirstList: Bool
        let isStale: Bool
        let index: UInt64
        let now: Instant
        let wallTime: Double

        /// Makes a publication.
        package init(service: CombinedService, isFirstList: Bool, isStale: Bool, index: UInt64, now: Instant, wallTime: Double) {
            self.service = service
            self.isFirstList = isFirstList
            self.isStale = isStale
            self.index = index
            self.now = now
            self.wallTime = wallTime
        }
    }

    /// Compiles and publishes a plan.
    ///
    /// - Returns: the transitions that are in picks from now on.
    package mutating func publish(_ publication: Publication) -> [Transition] {
        let previous = state.plan
        var keptCount = 0
        let peers = publication.service.peers.map { peer in
            let member = previous.member(peer.address)
            keptCount += member == nil ? 0 : 1
            let peerState = keep(member, as: peer.value) ?? arrive(peer, publication)
            var verdict = verdicts.shown(peer.address)
            if verdict?.activeIsHealthy != nil, !settings.probes(peer.value) {
                unpublished += verdicts.forgetChecks(of: peer.address, wallTime: publication.wallTime)
                verdict = verdicts.shown(peer.address)
            }
            return (state: peerState, value: peer.value, source: peer.source, verdict: verdict)
        }
        let roles = peers.map { Selection.Member(role: $0.value.role, isWell: settings.isWell($0.value, $0.verdict)) }
        let selection = Selection(among: roles, panicThreshold: settings.panicThreshold)
        let eligible = zip(peers, roles).filter { $0.1.role == .candidate && $0.1.isWell }.map { peer, _ in
            SlowStart.Candidate(
                address: peer.state.address,
                weight: peer.value.weight,
                duration: settings.slowStart(of: peer.value),
                isProven: peer.verdict?.activeIsHealthy != nil || !settings.probes(peer.value)
            )
        }
        let shares = slowStart.update(eligible, at: publication.now)
        nextRampStep = slowStart.nextStep(after: publication.now)
        let members = zip(peers, roles).map { peer, role in
            let share = selection == .eligible ? shares[peer.state.address] ?? 1 : 1
            return PlanMember(
                state: peer.state,
                value: peer.value,
                verdict: peer.verdict,
                effectiveWeight: selection.picks(role) ? peer.value.weight * share : 0,
                source: peer.source
            )
        }
        var details = publication.service.details
        details.eligible = eligible.count
        let plan = Plan(
            members: members,
            details: details,
            policy: settings.policy,
            isPanic: selection.isPanic,
            isStale: publication.isStale,
            index: publication.index,
            previous: previous
        )
        if keptCount < previous.members.count { noteDepartures(from: previous, to: plan, at: publication.now) }
        unnamedSince = publication.service.isNamed ? nil : unnamedSince ?? publication.now
        state.publish(plan, using: &generator)
        state.record(unpublished)
        pool = nil
        defer { unpublished = [] }
        return unpublished
    }

    /// The state of a member that is still there; `nil` when another peer has come in its place, of which nothing is known.
    private mutating func keep(_ member: PlanMember?, as value: PeerValue) -> PeerState? {
        guard let member else { return nil }
        let (before, address) = (member.value.identity, member.state.address)
        guard before != value.identity else { return member.state }
        // A source that cannot tell one peer from the next may have hidden one that can, for a while.
        let known = before.isEmpty ? hiddenIdentities[address] ?? "" : before
        hiddenIdentities[address] = value.identity.isEmpty ? known : nil
        if PeerValue.isSamePeer(known, value.identity) { return member.state }
        forgetPredecessor(at: address)
        return nil
    }

    private mutating func forgetPredecessor(at address: PeerAddress) {
        verdicts.replace(address)
        slowStart.forget(address)
        unpublished.removeAll { $0.peer == address }
    }

    private mutating func arrive(_ peer: CombinedPeer, _ publication: Publication) -> PeerState {
        if let returned = departed.removeValue(forKey: peer.address) {
            if returned.value.isSamePeer(as: peer.value) { return returned.state }
            forgetPredecessor(at: peer.address)
        }
        let isYoung = born.map { publication.now < $0 + settings.slowStart(of: peer.value) } ?? false
        // One that its operator does not want picked is new when that changes.
        if publication.isFirstList || isYoung, peer.value.isCandidate { slowStart.startFull(peer.address) }
        let arrived = PeerState(address: peer.address, since: publication.wallTime)
        // Ejected by a process before this one.
        if verdicts.shown(peer.address)?.ejection != nil { arrived.setEjected(true) }
        return arrived
    }

    private mutating func noteDepartures(from previous: Plan, to plan: Plan, at now: Instant) {
        for member in previous.members where plan.state(of: member.state.address) == nil {
            departed[member.state.address] = (member.state, member.value, now)
            hiddenIdentities[member.state.address] = nil
            slowStart.forget(member.state.address)
        }
    }
}

// MARK: - Verdicts

extension ServiceRecord {
    /// Takes the result of a probe; one of a peer that has left, or is not to be probed, says nothing.
    ///
    /// - Returns: whether a plan has to be compiled.
    mutating func check(_ peer: PeerAddress, _ result: CheckResult, at now: Instant, wallTime: Double) -> Bool {
        guard let member = state.plan.member(peer), settings.probes(member.value) else { return false }
        let before = verdicts.shown(peer)
        let transitions = verdicts.check(
            peer,
            result,
            at: now,
            wallTime: wallTime,
            settings: settings.healthCheck,
            logCheck: settings.logCheck
        )
        // Under an ejection the active verdict changes without a transition: it is shown, and saved.
        return note(transitions) || verdicts.shown(peer) !== before
    }

    /// Judges a peer for a run of failures, unless another one has come in its place.
    package mutating func judge(_ peer: PeerState, _ finding: Finding, at now: Instant, wallTime: Double) -> Bool {
        guard settings.logCheck.isEnabled, let member = state.plan.member(peer.address), member.state === peer, member.value.isCandidate else {
            return false
        }
        return eject(member, finding, at: now, wallTime: wallTime)
    }

    /// Begins to look at the evidence of the service at every interval.
    package mutating func beginSweeps(at now: Instant) {
        if nextSweep == nil { nextSweep = now + settings.logCheck.interval }
    }

    /// Does what is due: readmissions, a sweep, a step of a ramp.
    ///
    /// - Returns: whether a plan has to be compiled.
    package mutating func advance(to now: Instant, wallTime: Double, second: UInt32) -> Bool {
        var hasChanged = note(verdicts.readmit(at: now, wallTime: wallTime))
        if let sweep = nextSweep, sweep <= now {
            if self.sweep(at: now, wallTime: wallTime, second: second) { hasChanged = true }
        }
        if let step = nextRampStep, step <= now {
            nextRampStep = nil
            hasChanged = true
        }
        return hasChanged
    }

    private mutating func sweep(at now: Instant, wallTime: Double, second: UInt32) -> Bool {
        guard settings.logCheck.isEnabled else {
            nextSweep = nil
            state.endWatch()
            return false
        }
        var hasChanged = false
        for member in state.plan.members where member.value.isCandidate {
            guard let finding = member.state.judge(at: second, settings: settings.logCheck) else { continue }
            if eject(member, finding, at: now, wallTime: wallTime) { hasChanged = true }
        }
        nextSweep = now + settings.logCheck.interval
        // Asked to be watched again by the next outcome; one that came before that was seen is looked for afterwards.
        state.endWatch()
        if state.resumesWatch(at: second) { return hasChanged }
        nextSweep = nil
        return hasChanged
    }

    private func makePool() -> EjectionPool {
        var pool = EjectionPool()
        for member in state.plan.members where member.value.isCandidate {
            let verdict = verdicts.shown(member.state.address)
            pool.add(verdict, isEligible: settings.isWell(member.value, verdict))
        }
        return pool
    }

    private mutating func eject(_ member: PlanMember, _ finding: Finding, at now: Instant, wallTime: Double) -> Bool {
        let peer = member.state.address
        var pool = self.pool ?? makePool()
        defer { self.pool = pool }
        return note(
            verdicts.eject(
                peer,
                finding,
                isEligible: settings.isWell(member.value, verdicts.shown(peer)),
                from: &pool,
                at: now,
                wallTime: wallTime,
                settings: settings.logCheck,
                using: &generator
            )
        )
    }

    /// Remembers transitions until they are in picks, and clears the evidence of those who went or came back.
    private mutating func note(_ transitions: [Transition]) -> Bool {
        for transition in transitions where transition.from != transition.to {
            let peerState = state.plan.state(of: transition.peer) ?? departed[transition.peer]?.state
            if transition.to == .ejected { peerState?.setEjected(true) }
            if transition.from == .ejected { peerState?.setEjected(false) }
            // An ejection is counted already.
            if transition.to != .ejected { pool = nil }
        }
        unpublished += transitions
        return !transitions.isEmpty
    }

    /// Takes over other settings; verdicts and statistics stay.
    ///
    /// - Returns: whether a plan has to be compiled.
    mutating func apply(_ settings: ServiceSettings, at now: Instant) -> Bool {
        guard settings != self.settings else { return false }
        self.settings = settings
        state.settings = settings
        pool = nil
        nextSweep = nextSweep.map { min($0, now + settings.logCheck.interval) }
        return true
    }
}

// MARK: - Forgetting

extension ServiceRecord {
    /// Whether ``forget(at:)`` may have something to do.
    var needsForgetting: Bool { unnamedSince != nil || !departed.isEmpty || verdicts.remembersEjections }

    /// Forgets peers that left long ago; an ejected one when its ejection has ended.
    ///
    /// - Returns: whether the service itself is to be forgotten.
    mutating func forget(at now: Instant) -> Bool {
        if !departed.isEmpty {
            for (address, departure) in departed
            where departure.at + Self.departureMemory <= now && verdicts.shown(address)?.ejection == nil {
                departed[address] = nil
                verdicts.forget(address)
            }
        }
        verdicts.forgetEjections(at: now, settings: settings.logCheck)
        return unnamedSince.map { $0 + Self.nameMemory <= now } ?? false
    }
}

internal import Balancing

/// What the control plane keeps of one service between plans.
struct ServiceRecord {
    typealias Instant = ContinuousClock.Instant

    /// How long the state of a peer that left is kept, for the case that it comes back.
    static let departureMemory = Duration.seconds(60)
    /// How long a service that no source names any more is known.
    static let nameMemory = Duration.seconds(300)

    let state: ServiceState
    /// Peers that left lately, with the time.
    private var departed: [PeerAddress: (state: PeerState, at: Instant)] = [:]
    /// When the last source ceased to name the service; `nil` while one does.
    private(set) var unnamedSince: Instant?

    /// Makes the record of a service that has just been named, and publishes its first plan.
    init(name: String, peers: [CombinedPeer], sources: [Int], isStale: Bool, index: UInt64, wallTime: Double) {
        var generator = SystemRandomNumberGenerator()
        let members = peers.map {
            PlanMember(state: PeerState(address: $0.address, since: wallTime), value: $0.value, source: $0.source)
        }
        state = ServiceState(
            name: name,
            plan: Plan(members: members, sources: sources, isStale: isStale, index: index, previous: nil),
            using: &generator
        )
    }

    /// Compiles and publishes a plan for the peers that the sources name now.
    mutating func publish(peers: [CombinedPeer], sources: [Int], isStale: Bool, index: UInt64, now: Instant, wallTime: Double) {
        let previous = state.plan
        var members: [PlanMember] = []
        members.reserveCapacity(peers.count)
        var keptCount = 0
        for peer in peers {
            let kept = previous.state(of: peer.address)
            keptCount += kept == nil ? 0 : 1
            let peerState =
                kept ?? departed.removeValue(forKey: peer.address)?.state ?? PeerState(address: peer.address, since: wallTime)
            members.append(PlanMember(state: peerState, value: peer.value, source: peer.source))
        }
        let plan = Plan(members: members, sources: sources, isStale: isStale, index: index, previous: previous)
        if keptCount < previous.members.count {
            for member in previous.members where plan.state(of: member.state.address) == nil {
                departed[member.state.address] = (member.state, now)
            }
        }
        unnamedSince = sources.isEmpty ? (unnamedSince ?? now) : nil
        var generator = SystemRandomNumberGenerator()
        state.publish(plan, using: &generator)
    }

    /// Whether ``forget(at:)`` may have something to do.
    var needsForgetting: Bool { unnamedSince != nil || !departed.isEmpty }

    /// Forgets peers that left long ago.
    ///
    /// - Returns: whether the service itself is to be forgotten.
    mutating func forget(at now: Instant) -> Bool {
        if !departed.isEmpty {
            departed = departed.filter { $0.value.at + Self.departureMemory > now }
        }
        return unnamedSince.map { $0 + Self.nameMemory <= now } ?? false
    }
}

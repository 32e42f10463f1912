internal import Balancing
internal import Discovery

/// The answer of `GET /peers`.
struct AllPeersBody: Encodable {
    let index: UInt64
    let services: [ServiceSummary]
}

/// One service in the list of all.
struct ServiceSummary: Encodable {
    let service: String
    let peers: Int
    let eligible: Int
    let policy: String

    init(service: String, plan: Plan) {
        self.service = service
        peers = plan.members.count
        eligible = plan.details.eligible
        policy = plan.policy.rawValue
    }
}

/// The answer of `GET /peers/{service}`.
struct ServicePeersBody: Encodable {
    let service: String
    let index: UInt64
    let panic: Bool
    let staleSeconds: Double
    let policy: String
    /// The slots of one full turn: each peer takes its `slots` of them.
    let cycleSlots: Int
    /// The largest difference between a peer's share by weight and by slots, in relation to the larger; 0: exact.
    let weightError: Double
    let peers: [Peer]

    enum CodingKeys: String, CodingKey {
        case service, index, panic, staleSeconds = "stale_seconds", policy, cycleSlots = "cycle_slots", weightError = "weight_error", peers
    }

    struct Peer: Encodable {
        let peer: String
        let host: String
        let port: UInt16
        let weight: Double
        let effectiveWeight: Double
        let slots: Int32
        let state: String
        let health: String
        let reason: String
        let since: String
        let source: String
        let zone: String
        let metadata: [String: String]

        enum CodingKeys: String, CodingKey {
            case peer, host, port, weight, effectiveWeight = "effective_weight", slots, state, health, reason, since, source, zone, metadata
        }

        init(_ member: PlanMember, source: String) {
            peer = "\(member.state.address)"
            host = member.state.address.host
            port = member.state.address.port
            weight = member.weight
            effectiveWeight = member.effectiveWeight
            slots = member.slots
            state = member.value.status.rawValue
            health = member.health.rawValue
            reason = member.verdict?.reason ?? ""
            since = Timestamp.text(member.since)
            self.source = source
            zone = member.value.zone
            metadata = member.value.metadata
        }
    }

    init(service: String, plan: Plan, monitors: [SourceMonitor]) {
        self.service = service
        index = plan.index
        panic = plan.isPanic
        staleSeconds = plan.details.sources.map { monitors[$0].status.roundedStaleSeconds }.min() ?? 0
        policy = plan.policy.rawValue
        cycleSlots = plan.cycle.count
        weightError = plan.weightError(of: plan.expectedShares)
        peers = plan.members.sorted { $0.state.address < $1.state.address }.map { Peer($0, source: monitors[Int($0.source)].name) }
    }
}

internal import Balancing
internal import Discovery

/// The answer of `GET /explain/{service}`.
struct ExplanationBody: Encodable {
    private enum CodingKeys: String, CodingKey {
        case service, index, policy, weightError = "weight_error", panic, eligible, candidates, peers
        case shadowedSources = "shadowed_sources", skipped
    }

    /// The window of picks that actual shares are taken from, in seconds.
    private static let window = 60

    let service: String
    let index: UInt64
    let policy: String
    /// The largest difference between a peer's share by weight and its expected one, in relation to the larger; 0: exact.
    let weightError: Double
    let panic: Bool
    let eligible: Int
    let candidates: Int
    let peers: [Peer]
    let shadowedSources: [String]
    let skipped: [SkippedEntryBody]

    struct Peer: Encodable {
        let peer: String
        let eligible: Bool
        let health: String
        let activeCheck: String
        let logCheck: String
        let reason: String
        let since: String
        let ejectedUntil: String?
        let evidence: EvidenceBody
        let weight: Double
        let effectiveWeight: Double
        let expectedShare: Double
        let actualShare: Double
        let outstanding: Double?
        let latencyMilliseconds: Double?
        let source: String
        let shadows: [ShadowedValueBody]
        let guarded: Bool?

        enum CodingKeys: String, CodingKey {
            case peer, eligible, health, activeCheck = "active_check", logCheck = "log_check", reason, since, ejectedUntil = "ejected_until"
            case evidence, weight, effectiveWeight = "effective_weight", expectedShare = "expected_share", actualShare = "actual_share"
            case outstanding, latencyMilliseconds = "latency_ms", source, shadows, guarded
        }
    }

    init(_ state: ServiceState, monitors: [SourceMonitor], clock: ServerClock) {
        let moment = clock.now()
        let second = moment.second
        let (now, wallTime) = (ContinuousClock.now, clock.wallTime())
        let picks = state.picks(window: Self.window, before: second)
        let plan = state.plan
        let settings = state.settings
        service = state.name
        index = plan.index
        policy = plan.policy.rawValue
        let shares = plan.expectedShares
        weightError = plan.weightError(of: shares)
        panic = plan.isPanic
        eligible = plan.details.eligible
        candidates = plan.members.count { $0.value.isCandidate }
        let members = zip(plan.members, shares).sorted { $0.0.state.address < $1.0.state.address }
        peers = members.map { member, expectedShare in
            let ejection = member.verdict?.ejection
            return Peer(
                peer: "\(member.state.address)",
                eligible: member.value.isCandidate && settings.isWell(member.value, member.verdict),
                health: member.health.rawValue,
                activeCheck: member.verdict?.activeIsHealthy.map { $0 ? "healthy" : "unhealthy" } ?? "unchecked",
                logCheck: ejection == nil ? "in the pool" : "ejected",
                reason: Self.reason(member),
                since: Timestamp.text(member.since),
                ejectedUntil: ejection.map { Timestamp.text(wallTime + now.duration(to: $0.end) / .seconds(1)) },
                // What is reported of an ejected peer is no evidence: what it was ejected for is.
                evidence: ejection.map { EvidenceBody($0.finding) } ?? EvidenceBody(member.state, settings: settings.logCheck, at: second),
                weight: member.weight,
                effectiveWeight: member.effectiveWeight,
                expectedShare: expectedShare,
                actualShare: picks == 0 ? 0 : Double(member.state.picks(window: Self.window, before: second)) / Double(picks),
                outstanding: state.outstanding(of: member.state, at: moment).map(Self.rounded),
                latencyMilliseconds: state.expectedLatency(of: member.state, at: moment).map(Self.rounded),
                source: monitors[Int(member.source)].name,
                shadows: (plan.details.shadowed[member.state.address] ?? []).map { ShadowedValueBody($0, monitors: monitors) },
                guarded: plan.details.guarded.contains(member.state.address) ? true : nil
            )
        }
        shadowedSources = plan.details.shadowedSources.map { monitors[$0].name }
        skipped = plan.details.skipped.map { SkippedEntryBody($0, monitors: monitors) }
    }

    /// To hundredths: more digits would say nothing.
    private static func rounded(_ value: Double) -> Double { (100 * value).rounded() / 100 }

    /// Why a peer takes no picks, or fewer than its weight; empty when it takes its share.
    private static func reason(_ member: PlanMember) -> String {
        if member.value.status == .down { return "its status is not up" }
        if member.value.status == .draining, member.effectiveWeight == 0 { return "it is draining" }
        if member.weight == 0 { return "its weight is 0" }
        if let reason = member.verdict?.reason, !reason.isEmpty { return reason }
        if member.effectiveWeight == 0 { return "it waits for its first check" }
        if member.value.status == .draining { return "it is draining, and no other peer can be picked" }
        return member.effectiveWeight < member.weight ? "slow start" : ""
    }
}

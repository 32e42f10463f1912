internal import Balancing

/// What is measured of one service, taken at one moment for all the metrics that show it.
struct ServiceMetrics {
    private let service: Exposition.Labels
    private let totals: TrafficTotals
    private let transitions: TransitionTotals
    private let eligible: Int
    private let isPanic: Bool
    private let peersByHealth: [(health: Health, count: Int)]
    /// The peers with recent traffic; none unless asked for.
    private let peers: [(labels: Exposition.Labels, totals: TrafficTotals)]

    /// Takes the measures of a service.
    ///
    /// - Parameter perPeer: whether those of its peers are shown, too.
    init(_ service: ServiceState, at second: UInt32, perPeer: Bool) {
        let labels = Exposition.Labels("service", service.name)
        let plan = service.plan
        self.service = labels
        totals = service.totals(at: second)
        transitions = service.transitionTotals
        eligible = plan.details.eligible
        isPanic = plan.isPanic
        peersByHealth = plan.countByHealth()
        peers = perPeer ? service.peersWithTraffic().map { (labels.adding("peer", "\($0.address)"), $0.totals) } : []
    }

    /// Writes the metrics of services.
    static func write(_ services: [ServiceMetrics], perPeer: Bool, to text: inout Exposition) {
        text.describe("lookaside_picks_total", .counter, "Picks that were answered, each of a lease counted.")
        for service in services { text.sample("lookaside_picks_total", service.service, service.totals.picks) }

        text.describe("lookaside_outcomes_total", .counter, "Outcomes that clients reported, by class of HTTP status or by error.")
        for service in services { writeResults("lookaside_outcomes_total", service.service, service.totals, to: &text) }

        text.describe("lookaside_outcome_latency_seconds", .histogram, "Latencies that clients reported.")
        for service in services { service.writeLatencies(to: &text) }

        text.describe("lookaside_peers", .gauge, "Peers, by health.")
        for service in services {
            for (health, count) in service.peersByHealth {
                text.sample("lookaside_peers", service.service.adding("health", health.rawValue), count)
            }
        }

        text.describe("lookaside_eligible_peers", .gauge, "Peers that their operator wants picked and that are well.")
        for service in services { text.sample("lookaside_eligible_peers", service.service, service.eligible) }

        text.describe("lookaside_panic", .gauge, "1 while too few peers are eligible, so that all are picked.")
        for service in services { text.sample("lookaside_panic", service.service, service.isPanic ? 1 : 0) }

        text.describe("lookaside_health_changes_total", .counter, "Peers that became of a health, by that health.")
        for service in services {
            for (health, count) in service.transitions.changes.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                text.sample("lookaside_health_changes_total", service.service.adding("to", health.rawValue), count)
            }
        }

        text.describe("lookaside_ejections_refused_total", .counter, "Ejections refused because too many peers were out already.")
        for service in services where service.transitions.refusals > 0 {
            text.sample("lookaside_ejections_refused_total", service.service, service.transitions.refusals)
        }

        if perPeer { writePeers(services.flatMap(\.peers), to: &text) }
    }

    private static func writePeers(_ peers: [(labels: Exposition.Labels, totals: TrafficTotals)], to text: inout Exposition) {
        text.describe("lookaside_peer_picks_total", .counter, "Picks of a peer since its traffic began; gone after a minute without any.")
        for peer in peers { text.sample("lookaside_peer_picks_total", peer.labels, peer.totals.picks) }

        text.describe("lookaside_peer_outcomes_total", .counter, "Outcomes of a peer that clients reported, by class of HTTP status or by error.")
        for peer in peers { writeResults("lookaside_peer_outcomes_total", peer.labels, peer.totals, to: &text) }

        text.describe("lookaside_peer_outcome_latency_seconds", .summary, "Latencies of a peer that clients reported.")
        for peer in peers where !peer.totals.latencies.isEmpty {
            text.sample("lookaside_peer_outcome_latency_seconds_sum", peer.labels, peer.totals.latencySum)
            text.sample("lookaside_peer_outcome_latency_seconds_count", peer.labels, peer.totals.latencyCount)
        }
    }

    private static func writeResults(_ name: String, _ labels: Exposition.Labels, _ totals: TrafficTotals, to text: inout Exposition) {
        for (result, count) in zip(TrafficTotals.resultNames, totals.results) {
            text.sample(name, labels.adding("result", result), count)
        }
    }

    private func writeLatencies(to text: inout Exposition) {
        guard !totals.latencies.isEmpty else { return }
        var sum: UInt64 = 0
        for (bound, count) in zip(Self.bounds, totals.latencies) {
            sum += count
            text.sample("lookaside_outcome_latency_seconds_bucket", service.adding("le", bound), sum)
        }
        text.sample("lookaside_outcome_latency_seconds_sum", service, totals.latencySum)
        text.sample("lookaside_outcome_latency_seconds_count", service, sum)
    }

    private static let bounds = TrafficTotals.latencyBounds.map { "\($0)" } + ["+Inf"]
}

extension ServiceState {
    /// The peers of the published plan that had traffic in the last minute or so.
    fileprivate func peersWithTraffic() -> [PeerState] {
        let plan = self.plan
        return activePeers.filter { plan.state(of: $0.address) === $0 }.sorted { $0.address < $1.address }
    }
}

extension Plan {
    /// How many members are of each health, all of them named.
    fileprivate func countByHealth() -> [(health: Health, count: Int)] {
        var counts: [(health: Health, count: Int)] = [(.healthy, 0), (.unhealthy, 0), (.unchecked, 0), (.ejected, 0)]
        for member in members {
            for index in counts.indices where counts[index].health == member.health { counts[index].count += 1 }
        }
        return counts
    }
}

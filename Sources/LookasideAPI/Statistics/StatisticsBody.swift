internal import Balancing
internal import Discovery

/// The answer of `GET /stats`.
struct StatisticsBody: Encodable {
    let windowSeconds: Int
    let picks: UInt64
    let requests: UInt64
    let rps: Double
    let failures: UInt64
    let sources: [SourceBody]
    let checks: ChecksBody
    let reports: ReportsBody
    let stateFile: StateFileBody?
    let services: [ServiceStatisticsBody]

    enum CodingKeys: String, CodingKey {
        case windowSeconds = "window_seconds", picks, requests, rps, failures, sources, checks, reports, stateFile = "state_file"
        case services
    }

    init(
        window: Int,
        sources: [SourceStatus],
        checks: ChecksBody,
        reports: ReportsBody,
        stateFile: StateFileBody?,
        services: [ServiceStatisticsBody]
    ) {
        windowSeconds = window
        picks = services.reduce(0) { $0 + $1.picks }
        requests = services.reduce(0) { $0 + $1.requests }
        rps = Double(requests) / Double(window)
        failures = services.reduce(0) { $0 + $1.failures }
        self.sources = sources.map { SourceBody($0) }
        self.checks = checks
        self.reports = reports
        self.stateFile = stateFile
        self.services = services
    }
}

/// The statistics of one service, and of its peers where they were asked for.
struct ServiceStatisticsBody: Encodable {
    let service: String
    let windowSeconds: Int
    let picks: UInt64
    let requests: UInt64
    let rps: Double
    let failures: UInt64
    let latency: LatencyBody
    var peers: [PeerStatisticsBody]?

    enum CodingKeys: String, CodingKey {
        case service, windowSeconds = "window_seconds", picks, requests, rps, failures, latency = "latency_ms", peers
    }

    init(_ service: ServiceState, window: Int, before second: UInt32) {
        let outcomes = service.outcomes(window: window, before: second)
        self.service = service.name
        windowSeconds = window
        picks = service.picks(window: window, before: second)
        requests = outcomes.requests
        rps = Double(requests) / Double(window)
        failures = outcomes.failures(service.settings.logCheck.failureStatuses)
        latency = LatencyBody(outcomes)
    }
}

/// The statistics of one peer.
struct PeerStatisticsBody: Encodable {
    let peer: String
    let picks: UInt64
    let requests: UInt64
    let failures: UInt64
    let status: [String: UInt64]
    let errors: [String: UInt64]
    let latency: LatencyBody

    enum CodingKeys: String, CodingKey {
        case peer, picks, requests, failures, status, errors, latency = "latency_ms"
    }

    init(_ state: PeerState, window: Int, before second: UInt32, failureStatuses: StatusSet) {
        let outcomes = state.outcomes(window: window, before: second)
        peer = "\(state.address)"
        picks = state.picks(window: window, before: second)
        requests = outcomes.requests
        failures = outcomes.failures(failureStatuses)
        var status: [String: UInt64] = [:]
        var errors: [String: UInt64] = [:]
        for (result, count) in outcomes.results {
            switch result {
            case .status(let code): status["\(code)"] = count
            case .error(let kind): errors[kind.rawValue] = count
            }
        }
        self.status = status
        self.errors = errors
        latency = LatencyBody(outcomes)
    }
}

/// Latencies in milliseconds.
struct LatencyBody: Encodable {
    let mean: Double
    let p50: Double
    let p90: Double
    let p99: Double

    init(_ outcomes: OutcomeCounts) {
        mean = outcomes.latencyMean
        p50 = Self.quantile(outcomes, 0.5)
        p90 = Self.quantile(outcomes, 0.9)
        p99 = Self.quantile(outcomes, 0.99)
    }

    /// To a hundred-thousandth: a quantile is no more exact than to 5 %, and looks it.
    private static func quantile(_ outcomes: OutcomeCounts, _ share: Double) -> Double {
        (outcomes.latencyQuantile(share) * 100_000).rounded() / 100_000
    }
}

/// The state of one source.
struct SourceBody: Encodable {
    let name: String
    let endpoint: String
    let state: String
    let synced: Bool
    let staleSeconds: Double
    let revision: String
    let services: Int
    let peers: Int
    let guarded: Int
    let lists: UInt64
    let events: UInt64
    let reconnects: UInt64
    let failures: UInt64
    let lastError: String
    let skipped: Int
    let skippedReasons: [String]

    enum CodingKeys: String, CodingKey {
        case name, endpoint, state, synced, staleSeconds = "stale_seconds", revision, services, peers, guarded, lists, events, reconnects, failures
        case lastError = "last_error", skipped, skippedReasons = "skipped_reasons"
    }

    init(_ status: SourceStatus) {
        name = status.name
        endpoint = status.endpoint
        state = status.phase.rawValue
        synced = status.isSynced
        staleSeconds = status.roundedStaleSeconds
        revision = status.revision
        services = status.services
        peers = status.peers
        guarded = status.guarded
        lists = status.lists
        events = status.events
        reconnects = status.reconnects
        failures = status.failures
        lastError = status.lastError
        skipped = status.skipped
        skippedReasons = status.skippedReasons
    }
}

extension SourceStatus {
    /// Seconds since the last proof of contact, to a tenth.
    var roundedStaleSeconds: Double { (staleSeconds(at: .now) * 10).rounded() / 10 }
}

internal import Balancing
internal import Discovery

/// The answer of `GET /stats`.
struct StatisticsBody: Encodable {
    let windowSeconds: Int
    let picks: UInt64
    let requests: UInt64
    let rps: Double
    let sources: [SourceBody]
    let services: [ServiceStatisticsBody]

    enum CodingKeys: String, CodingKey {
        case windowSeconds = "window_seconds", picks, requests, rps, sources, services
    }

    init(window: Int, sources: [SourceStatus], services: [ServiceStatisticsBody]) {
        windowSeconds = window
        picks = services.reduce(0) { $0 + $1.picks }
        requests = services.reduce(0) { $0 + $1.requests }
        rps = Double(requests) / Double(window)
        self.sources = sources.map { SourceBody($0) }
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

    init(service: String, window: Int, picks: UInt64) {
        self.service = service
        self.windowSeconds = window
        self.picks = picks
        // Outcomes are not reported in this version: nothing has been requested, as far as anyone knows.
        requests = 0
        rps = 0
        failures = 0
        latency = LatencyBody()
    }
}

/// The statistics of one peer.
struct PeerStatisticsBody: Encodable {
    let peer: String
    let picks: UInt64
    let requests: UInt64 = 0
    let failures: UInt64 = 0
    let status: [String: UInt64] = [:]
    let errors: [String: UInt64] = [:]
    let latency = LatencyBody()

    enum CodingKeys: String, CodingKey {
        case peer, picks, requests, failures, status, errors, latency = "latency_ms"
    }

    init(peer: PeerAddress, picks: UInt64) {
        self.peer = "\(peer)"
        self.picks = picks
    }
}

/// Latencies in milliseconds.
struct LatencyBody: Encodable {
    let mean = 0.0
    let p50 = 0.0
    let p90 = 0.0
    let p99 = 0.0
}

/// The state of one source.
struct SourceBody: Encodable {
    let name: String
    let state: String
    let synced: Bool
    let staleSeconds: Double
    let revision: String
    let services: Int
    let peers: Int
    let lists: UInt64
    let events: UInt64
    let failures: UInt64
    let lastError: String
    let skipped: Int
    let skippedReasons: [String]

    enum CodingKeys: String, CodingKey {
        case name, state, synced, staleSeconds = "stale_seconds", revision, services, peers, lists, events, failures
        case lastError = "last_error", skipped, skippedReasons = "skipped_reasons"
    }

    init(_ status: SourceStatus) {
        name = status.name
        state = status.phase.rawValue
        synced = status.isSynced
        staleSeconds = status.roundedStaleSeconds
        revision = status.revision
        services = status.services
        peers = status.peers
        lists = status.lists
        events = status.events
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

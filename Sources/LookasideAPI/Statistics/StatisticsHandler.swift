internal import Balancing
internal import Discovery
internal import HTTPServing
internal import HealthChecking

/// `GET /stats` and `GET /stats/{service}`: what happened in the last complete seconds, and how the sources are.
struct StatisticsHandler: Sendable {
    private static let longestWindow = 60

    let directory: ServiceDirectory
    let monitors: [SourceMonitor]
    let clock: ServerClock
    let reports: ReportCounters
    let checks: @Sendable () -> CheckStatistics
    let stateFile: StateFileMonitor
    let metrics: MetricsHandler

    /// Answers `GET /stats`.
    func all(_ request: borrowing HTTPRequest) throws(APIError) -> HTTPReply {
        let parameters = try Parameters(of: request, allowed: ["window", "format"])
        guard let window = try Self.window(parameters) else { return metrics.all() }
        return .deferred(.low) {
            let second = clock.second()
            let services = directory.all.sorted { $0.name < $1.name }.map {
                ServiceStatisticsBody($0, window: window, before: second)
            }
            return .json(
                StatisticsBody(
                    window: window,
                    sources: monitors.map(\.status),
                    checks: ChecksBody(checks()),
                    reports: ReportsBody(reports),
                    stateFile: stateFile.status.map { StateFileBody($0) },
                    services: services
                )
            )
        }
    }

    /// Answers `GET /stats/{service}`.
    func service(_ request: borrowing HTTPRequest) throws(APIError) -> HTTPReply {
        let name = try request.serviceName()
        let parameters = try Parameters(of: request, allowed: ["window", "peer", "format"])
        let window = try Self.window(parameters)
        let peer = try Self.peer(parameters)
        let service = try directory.find(name)
        guard let window else { return metrics.one(service) }
        if let peer, service.plan.state(of: peer) == nil { throw APIError.unknownPeer("\(peer)", service: name) }
        return .deferred(.low) {
            let second = clock.second()
            var body = ServiceStatisticsBody(service, window: window, before: second)
            let failureStatuses = service.settings.logCheck.failureStatuses
            let states = service.plan.members.map(\.state).filter { peer == nil || $0.address == peer }
            body.peers = states.sorted { $0.address < $1.address }.map {
                PeerStatisticsBody($0, window: window, before: second, failureStatuses: failureStatuses)
            }
            return .json(body)
        }
    }

    /// The seconds to show; `nil` when the metrics are asked for, which know neither windows nor single peers.
    private static func window(_ parameters: Parameters) throws(APIError) -> Int? {
        let window = try parameters.integer("window", in: 1...longestWindow)
        guard try parameters.word("format", ["json": false, "prometheus": true]) == true else { return window ?? longestWindow }
        for name in ["window", "peer"] where parameters[name] != nil {
            throw .invalidParameter("\(name): not with format=prometheus, whose counters are of the whole life of the process")
        }
        return nil
    }

    private static func peer(_ parameters: Parameters) throws(APIError) -> PeerAddress? {
        guard let text = parameters["peer"] else { return nil }
        do {
            return try PeerAddress(text)
        } catch {
            throw .invalidParameter("peer: \(error)")
        }
    }
}

internal import Balancing
internal import Discovery
internal import HTTPServing

/// `GET /stats` and `GET /stats/{service}`: what happened in the last complete seconds, and how the sources are.
struct StatisticsHandler: Sendable {
    private static let longestWindow = 60

    let directory: ServiceDirectory
    let monitors: [SourceMonitor]
    let clock: ServerClock

    func all(_ request: borrowing HTTPRequest) throws(APIError) -> HTTPReply {
        let parameters = try Parameters(of: request, allowed: ["window"])
        let window = try parameters.integer("window", in: 1...Self.longestWindow) ?? Self.longestWindow
        return .deferred {
            let second = clock.second()
            let services = directory.all.sorted { $0.name < $1.name }.map {
                ServiceStatisticsBody(service: $0.name, window: window, picks: $0.picks(window: window, before: second))
            }
            return .json(StatisticsBody(window: window, sources: monitors.map(\.status), services: services))
        }
    }

    func service(_ request: borrowing HTTPRequest) throws(APIError) -> HTTPReply {
        let name = try request.serviceName()
        let parameters = try Parameters(of: request, allowed: ["window", "peer"])
        let window = try parameters.integer("window", in: 1...Self.longestWindow) ?? Self.longestWindow
        let peer = try Self.peer(parameters)
        let service = try directory.find(name)
        if let peer, service.plan.state(of: peer) == nil { throw APIError.unknownPeer("\(peer)", service: name) }
        return .deferred {
            let second = clock.second()
            var body = ServiceStatisticsBody(service: name, window: window, picks: service.picks(window: window, before: second))
            let states = service.plan.members.map(\.state).filter { peer == nil || $0.address == peer }
            body.peers = states.sorted { $0.address < $1.address }.map {
                PeerStatisticsBody(peer: $0.address, picks: $0.picks(window: window, before: second))
            }
            return .json(body)
        }
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

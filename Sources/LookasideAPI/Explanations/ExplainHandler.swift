internal import Balancing
internal import Discovery
internal import HTTPServing

/// `GET /explain/{service}` and `GET /events`: why a peer is picked or not, and what has changed lately.
struct ExplainHandler: Sendable {
    let directory: ServiceDirectory
    let monitors: [SourceMonitor]
    let events: EventLog
    let clock: ServerClock

    func explain(_ request: borrowing HTTPRequest) throws(APIError) -> HTTPReply {
        let name = try request.serviceName()
        _ = try Parameters(of: request, allowed: [])
        let service = try directory.find(name)
        return .deferred(.low) { .json(ExplanationBody(service, monitors: monitors, clock: clock)) }
    }

    func events(_ request: borrowing HTTPRequest) throws(APIError) -> HTTPReply {
        let parameters = try Parameters(of: request, allowed: ["index"])
        let index = try parameters.integer("index", in: 0...Int.max) ?? 0
        return .deferred(.low) {
            // Read first: an event that comes meanwhile is beyond this index, and so in the next answer.
            let current = clock.index
            return .json(EventsBody(index: current, events: events.events(after: UInt64(index)).filter { $0.index <= current }))
        }
    }
}

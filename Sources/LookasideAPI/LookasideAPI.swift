package import Balancing
package import Discovery
package import HTTPServing

/// The HTTP interface of Lookaside: its routes, and what they need to answer.
package struct LookasideAPI: Sendable {
    /// What the interface is told by its owner.
    package struct Configuration: Sendable {
        /// How long a lease is valid, in seconds. The default is 5.
        package var leaseValidSeconds: Double
        /// The version that `/version` shows.
        package var version: String

        /// Makes a configuration.
        package init(leaseValidSeconds: Double = 5, version: String) {
            self.leaseValidSeconds = leaseValidSeconds
            self.version = version
        }
    }

    let directory: ServiceDirectory
    let monitors: [SourceMonitor]
    let events: EventLog
    let readiness: Readiness
    let clock: ServerClock
    let configuration: Configuration
    /// What was reported since the start.
    package let reportCounters = ReportCounters()
    /// Part of every ETag: a client must not take another process's counter for this one's.
    let processID: String

    /// Makes the interface.
    package init(
        directory: ServiceDirectory,
        monitors: [SourceMonitor],
        events: EventLog,
        readiness: Readiness,
        clock: ServerClock,
        configuration: Configuration
    ) {
        self.directory = directory
        self.monitors = monitors
        self.events = events
        self.readiness = readiness
        self.clock = clock
        self.configuration = configuration
        self.processID = String(UInt64.random(in: .min ... .max), radix: 36)
    }

    /// Every route, the hottest first.
    package var routes: [HTTPRoute] {
        let picks = PickHandler(directory: directory, clock: clock, leaseValidSeconds: configuration.leaseValidSeconds)
        let reports = ReportHandler(directory: directory, clock: clock, counters: reportCounters)
        let peers = PeersHandler(directory: directory, monitors: monitors, clock: clock, processID: processID)
        let statistics = StatisticsHandler(directory: directory, monitors: monitors, clock: clock)
        let explanations = ExplainHandler(directory: directory, monitors: monitors, events: events, clock: clock)
        let operations = OperationsHandler(monitors: monitors, readiness: readiness, version: configuration.version)
        return [
            Self.get("/pick/{service}") { request throws(APIError) in try picks.pick(request) },
            Self.post("/report") { request throws(APIError) in
                try reports.report(request)
            } receiver: { request in
                reports.receiver(request)
            },
            Self.get("/peers/{service}") { request throws(APIError) in try peers.service(request) },
            Self.get("/peers") { request throws(APIError) in try peers.all(request) },
            Self.get("/stats/{service}") { request throws(APIError) in try statistics.service(request) },
            Self.get("/stats") { request throws(APIError) in try statistics.all(request) },
            Self.get("/explain/{service}") { request throws(APIError) in try explanations.explain(request) },
            Self.get("/events") { request throws(APIError) in try explanations.events(request) },
            Self.get("/healthz") { request throws(APIError) in try operations.health(request) },
            Self.get("/readyz") { request throws(APIError) in try operations.readiness(request) },
            Self.get("/version") { request throws(APIError) in try operations.version(request) },
            Self.get("/openapi.json") { request throws(APIError) in try operations.openAPI(request) },
        ]
    }

    /// A route whose errors are answered in the envelope.
    private static func get(
        _ pattern: String,
        _ answer: @escaping @Sendable (borrowing HTTPRequest) throws(APIError) -> HTTPReply
    ) -> HTTPRoute {
        HTTPRoute(.get, pattern, handler: reply(answer))
    }

    /// The same with a body, which a receiver may take as it arrives.
    private static func post(
        _ pattern: String,
        _ answer: @escaping @Sendable (borrowing HTTPRequest) throws(APIError) -> HTTPReply,
        receiver: @escaping HTTPRoute.ReceiverMaker
    ) -> HTTPRoute {
        HTTPRoute(.post, pattern, receiver: receiver, handler: reply(answer))
    }

    private static func reply(_ answer: @escaping @Sendable (borrowing HTTPRequest) throws(APIError) -> HTTPReply) -> HTTPRoute.Handler {
        { request in
            do throws(APIError) {
                return try answer(request)
            } catch {
                return .response(error.response)
            }
        }
    }

    /// The answer to a request that reaches no handler.
    package static func response(to failure: HTTPRequestFailure) -> HTTPResponse {
        switch failure {
        case .notFound: APIError.notFound.response
        case .methodNotAllowed: APIError.methodNotAllowed.response
        case .bodyNotAllowed: APIError.invalidBody("this request takes no body").response
        case .bodyTooLarge(let limit): APIError.bodyTooLarge(limit: limit).response
        case .badRequest(let message): APIError.invalidRequest(message).response
        case .overloaded: APIError.overloaded("too much is being built: try again").response
        }
    }
}

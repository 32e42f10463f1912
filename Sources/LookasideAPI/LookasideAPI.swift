package import Balancing
package import Discovery
package import HTTPServing
package import HealthChecking
internal import Synchronization

/// The HTTP interface of Lookaside: its routes, and what they need to answer.
///
/// Thread-safe.
package final class LookasideAPI: Sendable {
    /// What the interface is told by its owner.
    package struct Configuration: Sendable {
        /// How long a lease is valid, in seconds. The default is 5.
        package var leaseValidSeconds: Double
        /// The version that `/version` shows.
        package var version: String

        /// Whether `/metrics` shows single peers. The default is false.
        package var perPeerMetrics: Bool

        /// Makes a configuration.
        package init(leaseValidSeconds: Double = 5, version: String, perPeerMetrics: Bool = false) {
            self.leaseValidSeconds = leaseValidSeconds
            self.version = version
            self.perPeerMetrics = perPeerMetrics
        }
    }

    let directory: ServiceDirectory
    let monitors: [SourceMonitor]
    let events: EventLog
    let readiness: Readiness
    let clock: ServerClock
    private let checks: @Sendable () -> CheckStatistics
    private let stateFile: StateFileMonitor
    private let currentConfiguration: Mutex<Configuration>
    let reportCounters = ReportCounters()
    private let requests = RequestTotals()
    /// Part of every ETag: a client must not take another process's counter for this one's.
    let processID: String

    /// Makes the interface.
    ///
    /// - Parameters:
    ///   - checks: what active checks have done so far.
    ///   - stateFile: what became of the state file.
    package init(
        directory: ServiceDirectory,
        monitors: [SourceMonitor],
        events: EventLog,
        readiness: Readiness,
        checks: @escaping @Sendable () -> CheckStatistics,
        stateFile: StateFileMonitor,
        clock: ServerClock,
        configuration: Configuration
    ) {
        self.directory = directory
        self.monitors = monitors
        self.events = events
        self.readiness = readiness
        self.checks = checks
        self.stateFile = stateFile
        self.clock = clock
        self.currentConfiguration = Mutex(configuration)
        self.processID = String(UInt64.random(in: .min ... .max), radix: 36)
    }

    /// What the interface is told by its owner; another value holds from the next request on.
    package var configuration: Configuration {
        get { currentConfiguration.withLock { $0 } }
        set { currentConfiguration.withLock { $0 = newValue } }
    }

    /// Every route, the hottest first.
    package var routes: [HTTPRoute] {
        let picks = PickHandler(directory: directory, clock: clock, leaseValidSeconds: { [self] in configuration.leaseValidSeconds })
        let reports = ReportHandler(directory: directory, clock: clock, counters: reportCounters)
        let peers = PeersHandler(directory: directory, monitors: monitors, clock: clock, processID: processID)
        let metrics = MetricsHandler(
            directory: directory,
            monitors: monitors,
            clock: clock,
            requests: requests,
            reports: reportCounters,
            checks: checks,
            stateFile: stateFile,
            version: configuration.version,
            perPeer: { [self] in configuration.perPeerMetrics }
        )
        let statistics = StatisticsHandler(
            directory: directory,
            monitors: monitors,
            clock: clock,
            reports: reportCounters,
            checks: checks,
            stateFile: stateFile,
            metrics: metrics
        )
        let explanations = ExplainHandler(directory: directory, monitors: monitors, events: events, clock: clock)
        let operations = OperationsHandler(monitors: monitors, readiness: readiness, version: configuration.version)
        return [
            get("/pick/{service}") { request throws(APIError) in try picks.pick(request) },
            post("/report") { request throws(APIError) in
                try reports.report(request)
            } receiver: { request in
                reports.receiver(request)
            },
            get("/peers/{service}") { request throws(APIError) in try peers.service(request) },
            get("/peers") { request throws(APIError) in try peers.all(request) },
            get("/stats/{service}") { request throws(APIError) in try statistics.service(request) },
            get("/stats") { request throws(APIError) in try statistics.all(request) },
            get("/explain/{service}") { request throws(APIError) in try explanations.explain(request) },
            get("/events") { request throws(APIError) in try explanations.events(request) },
            get("/metrics") { request throws(APIError) in try metrics.metrics(request) },
            get("/healthz") { request throws(APIError) in try operations.health(request) },
            get("/readyz") { request throws(APIError) in try operations.readiness(request) },
            get("/version") { request throws(APIError) in try operations.version(request) },
            get("/openapi.json") { request throws(APIError) in try operations.openAPI(request) },
        ]
    }

    /// A route whose errors are answered in the envelope, and whose answers are counted.
    private func get(
        _ pattern: String,
        _ answer: @escaping @Sendable (borrowing HTTPRequest) throws(APIError) -> HTTPReply
    ) -> HTTPRoute {
        HTTPRoute(.get, pattern, handler: counted(pattern, answer))
    }

    /// The same with a body, which a receiver may take as it arrives.
    private func post(
        _ pattern: String,
        _ answer: @escaping @Sendable (borrowing HTTPRequest) throws(APIError) -> HTTPReply,
        receiver: @escaping HTTPRoute.ReceiverMaker
    ) -> HTTPRoute {
        let requests = requests.route(pattern)
        return HTTPRoute(.post, pattern) { request in
            receiver(request).map { CountingReceiver($0, requests) }
        } handler: { [handler = counted(pattern, answer)] request in
            handler(request)
        }
    }

    private func counted(
        _ pattern: String,
        _ answer: @escaping @Sendable (borrowing HTTPRequest) throws(APIError) -> HTTPReply
    ) -> HTTPRoute.Handler {
        let requests = requests.route(pattern)
        return { request in
            do throws(APIError) {
                return requests.counting(try answer(request))
            } catch {
                return requests.counting(.response(error.response))
            }
        }
    }

    /// The answer to a request that reaches no handler, or whose answer was not made in time; it is counted.
    package func response(to failure: HTTPRequestFailure) -> HTTPResponse {
        let response = Self.response(failure)
        requests.route(RequestTotals.noRoute).count(response.status)
        return response
    }

    private static func response(_ failure: HTTPRequestFailure) -> HTTPResponse {
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

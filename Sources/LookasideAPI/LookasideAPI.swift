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
    let readiness: Readiness
    let clock: ServerClock
    let configuration: Configuration
    /// Part of every ETag: a client must not take another process's counter for this one's.
    let processID: String

    /// Makes the interface.
    package init(
        directory: ServiceDirectory,
        monitors: [SourceMonitor],
        readiness: Readiness,
        clock: ServerClock,
        configuration: Configuration
    ) {
        self.directory = directory
        self.monitors = monitors
        self.readiness = readiness
        self.clock = clock
        self.configuration = configuration
        self.processID = String(UInt64.random(in: .min ... .max), radix: 36)
    }

    /// Every route, the hottest first.
    package var routes: [HTTPRoute] {
        let picks = PickHandler(directory: directory, clock: clock, leaseValidSeconds: configuration.leaseValidSeconds)
        let peers = PeersHandler(directory: directory, monitors: monitors, clock: clock, processID: processID)
        let statistics = StatisticsHandler(directory: directory, monitors: monitors, clock: clock)
        let operations = OperationsHandler(monitors: monitors, readiness: readiness, version: configuration.version)
        return [
            HTTPRoute(.get, "/pick/{service}") { picks.pick($0) },
            HTTPRoute(.get, "/peers/{service}") { peers.service($0) },
            HTTPRoute(.get, "/peers") { peers.all($0) },
            HTTPRoute(.get, "/stats/{service}") { statistics.service($0) },
            HTTPRoute(.get, "/stats") { statistics.all($0) },
            HTTPRoute(.get, "/healthz") { operations.health($0) },
            HTTPRoute(.get, "/readyz") { operations.readiness($0) },
            HTTPRoute(.get, "/version") { operations.version($0) },
            HTTPRoute(.get, "/openapi.json") { operations.openAPI($0) },
        ]
    }

    /// The answer to a request that reaches no handler.
    package static func response(to failure: HTTPRequestFailure) -> HTTPResponse {
        switch failure {
        case .notFound: APIError.notFound.response
        case .methodNotAllowed: APIError.methodNotAllowed.response
        case .bodyNotAllowed: APIError.invalidBody("this request takes no body").response
        case .bodyTooLarge(let limit): APIError.bodyTooLarge(limit: limit).response
        case .badRequest(let message): APIError.invalidBody(message).response
        case .overloaded: APIError.overloaded("too much is being built: try again").response
        }
    }
}

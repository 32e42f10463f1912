internal import Balancing
internal import Discovery
internal import Glibc
internal import HTTPServing
internal import HTTPTransport
package import Logging
internal import LookasideAPI
internal import ServiceLifecycle

/// The whole server, wired from a configuration: sources, control plane, HTTP interface.
package struct LookasideServer: Sendable {
    /// The version of this build.
    package static let version = "0.1.0"

    private let configuration: Configuration
    private let logger: Logger

    /// Makes a server; nothing happens before ``run(whenListening:)``.
    package init(configuration: Configuration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Serves until SIGTERM or SIGINT, then lets the requests under way end; a second signal ends them.
    ///
    /// - Parameter whenListening: called once with the port, when connections are accepted.
    /// - Throws: ``StartError`` when the server cannot start.
    package func run(whenListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }) async throws(StartError) {
        // A client that goes away while it is answered must not end the process.
        signal(SIGPIPE, SIG_IGN)
        let signals = await ShutdownSignals(logger: logger)
        warnOfWhatIsNotBuilt()

        let clock = ServerClock.system
        let directory = ServiceDirectory()
        let deliveringSources = configuration.sources.filter(\.isSupported)
        let controlPlane = ControlPlane(
            sources: deliveringSources.map(\.name),
            directory: directory,
            staleAfter: configuration.staleAfter == .zero ? nil : configuration.staleAfter,
            clock: clock,
            logger: logger
        )
        let readiness = Readiness(
            monitors: controlPlane.monitors,
            timeout: configuration.readyTimeout == .zero ? nil : configuration.readyTimeout
        )
        let client = try makeClient(for: deliveringSources)
        let runners = deliveringSources.enumerated().compactMap { index, source in
            source.make(client: client, logger: logger).map {
                SourceRunner(source: $0, feed: controlPlane.feed(for: index), logger: logger)
            }
        }
        let api = LookasideAPI(
            directory: directory,
            monitors: controlPlane.monitors,
            readiness: readiness,
            clock: clock,
            configuration: .init(leaseValidSeconds: configuration.lease.valid / .seconds(1), version: Self.version)
        )
        let server = try startServer(api)
        logger.notice(
            "listening",
            metadata: ["host": "\(configuration.listen.host)", "port": "\(server.port)", "version": "\(Self.version)"]
        )
        whenListening(server.port)

        let group = ServiceGroup(
            configuration: .init(
                services: [
                    // Stopped in the reverse order: picks go on until the last request is answered.
                    .init(service: SourcesService(
                            controlPlane: controlPlane,
                            statistics: StatisticsKeeper(directory: directory, clock: clock),
                            runners: runners
                        )),
                    .init(service: ServingService(server: server, readiness: readiness, shutdownTimeout: configuration.shutdownTimeout)),
                ],
                logger: logger
            )
        )
        await signals.run(group)
        await client?.shutdown()
        logger.notice("stopped")
    }

    private func startServer(_ api: LookasideAPI) throws(StartError) -> HTTPServer {
        var settings = HTTPServer.Configuration()
        settings.host = configuration.listen.host
        settings.port = Int(configuration.listen.port)
        settings.workers = configuration.workers
        settings.bodyLimit = configuration.limits.bodyBytes
        settings.failureResponse = { LookasideAPI.response(to: $0) }
        let limitedLog = LimitedLog(logger: logger)
        settings.log = { limitedLog.warning("HTTP server", detail: $0) }
        do {
            return try HTTPServer.start(settings, routes: api.routes)
        } catch {
            throw StartError(error.description)
        }
    }

    private func makeClient(for sources: [Configuration.Source]) throws(StartError) -> HTTPClient? {
        guard sources.contains(where: \.needsClient) else { return nil }
        do {
            return try HTTPClient(configuration: .init())
        } catch {
            throw StartError("\(error)")
        }
    }

    private func warnOfWhatIsNotBuilt() {
        guard !configuration.notYet.isEmpty else { return }
        logger.warning(
            "not in this version yet: the configuration asks for what this version does not do",
            metadata: ["keys": "\(configuration.notYet.joined(separator: ", "))"]
        )
    }
}

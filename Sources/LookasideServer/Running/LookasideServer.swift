internal import Balancing
internal import Discovery
internal import Glibc
internal import HTTPServing
internal import HTTPTransport
internal import HealthChecking
internal import Logging
internal import LookasideAPI
internal import ServiceLifecycle

/// The whole server, wired from a configuration: sources, control plane, HTTP interface.
package struct LookasideServer: Sendable {
    /// The version of this build.
    package static let version = "0.1.0"

    private let configuration: Configuration
    private let reread: (@Sendable () throws(ConfigurationErrors) -> Configuration)?
    private let log: ServerLog

    /// Makes a server; nothing happens before ``run(whenListening:)``.
    ///
    /// - Parameter reread: reads the configuration again, on SIGHUP.
    package init(
        configuration: Configuration,
        log: ServerLog,
        reread: (@Sendable () throws(ConfigurationErrors) -> Configuration)? = nil
    ) {
        self.configuration = configuration
        self.reread = reread
        self.log = log
    }

    private var logger: Logger { log.logger }

    /// Serves until SIGTERM or SIGINT, then lets the requests under way end; a second signal ends them.
    ///
    /// - Parameter whenListening: called once with the port, when connections are accepted.
    /// - Throws: ``StartError`` when the server cannot start.
    package func run(whenListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }) async throws(StartError) {
        // A client that goes away while it is answered must not end the process.
        signal(SIGPIPE, SIG_IGN)
        let signals = await ShutdownSignals(logger: logger)

        let clock = ServerClock.system
        let directory = ServiceDirectory()
        // Filled by the control plane, emptied in order by the checker: targets change with the peers, which is seldom.
        let (targetChanges, checkTargets) = AsyncStream.makeStream(of: CheckTargets.self)
        let controlPlane = ControlPlane(
            sources: configuration.sources.map(\.description),
            combine: configuration.combine,
            directory: directory,
            staleAfter: configuration.staleAfter.orNilIfZero,
            settings: { [configuration] in configuration.serviceSettings($0) },
            checkTargets: { checkTargets.yield($0) },
            clock: clock,
            logger: logger
        )
        let readiness = Readiness(
            monitors: controlPlane.monitors,
            timeout: configuration.readyTimeout.orNilIfZero
        )
        let current = CurrentConfiguration(configuration)
        let stateKeeper = StateKeeper(controlPlane: controlPlane, path: { current.value.stateFile }, logger: logger)
        let checker = try makeChecker(controlPlane)
        let client = try makeClient(for: configuration.sources)
        let runners = configuration.sources.enumerated().compactMap { index, source in
            source.make(client: client, logger: logger).map {
                SourceRunner(source: $0, feed: controlPlane.feed(for: index), logger: logger)
            }
        }
        let api = LookasideAPI(
            directory: directory,
            monitors: controlPlane.monitors,
            events: controlPlane.events,
            readiness: readiness,
            checks: { checker.statistics },
            stateFile: stateKeeper.monitor,
            clock: clock,
            configuration: configuration.apiConfiguration
        )
        await stateKeeper.restore()
        let server = try startServer(api)
        logger.notice(
            "listening",
            metadata: ["host": "\(configuration.listen.host)", "port": "\(server.port)", "version": "\(Self.version)"]
        )
        whenListening(server.port)

        let deadline = ShutdownDeadline()
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    // Stopped in the reverse order: picks go on until the last request is answered.
                    .init(
                        service: SourcesService(
                            controlPlane: controlPlane,
                            statistics: StatisticsKeeper(directory: directory, clock: clock),
                            stateKeeper: stateKeeper,
                            runners: runners,
                            checker: checker,
                            targetChanges: targetChanges,
                            deadline: deadline
                        )
                    ),
                    .init(
                        service: ServingService(
                            server: server,
                            readiness: readiness,
                            shutdownTimeout: { current.value.shutdownTimeout },
                            deadline: deadline
                        )
                    ),
                ],
                logger: logger
            )
        )
        let reload = Reload(
            started: configuration,
            current: current,
            read: reread,
            controlPlane: controlPlane,
            readiness: readiness,
            checker: checker,
            api: api,
            server: server,
            log: log
        )
        await signals.run(group, reload: reload)
        await client?.shutdown()
        logger.notice("stopped")
    }

    private func startServer(_ api: LookasideAPI) throws(StartError) -> HTTPServer {
        var settings = HTTPServer.Configuration()
        settings.host = configuration.listen.host
        settings.port = Int(configuration.listen.port)
        settings.workers = configuration.workers
        settings.bodyLimit = configuration.limits.bodyBytes
        settings.failureResponse = { api.response(to: $0) }
        let limitedLog = LimitedLog(logger: logger)
        settings.log = { limitedLog.warning("HTTP server", detail: $0) }
        do {
            return try HTTPServer.start(settings, routes: api.routes)
        } catch {
            throw StartError(error.description)
        }
    }

    private func makeChecker(_ controlPlane: ControlPlane) throws(StartError) -> HealthChecker {
        do {
            return try HealthChecker(concurrency: configuration.defaults.healthCheck.concurrency) { results in
                await controlPlane.receive(results.map { (service: $0.service, peer: $0.peer, result: $0.result) })
            }
        } catch {
            throw StartError("\(error)")
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
}

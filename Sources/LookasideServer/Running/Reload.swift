internal import Discovery
internal import HTTPServing
internal import HealthChecking
internal import Logging
internal import LookasideAPI

/// What SIGHUP does: reads the configuration again and takes over what can change while the server runs.
///
/// An invalid configuration changes nothing and its errors are logged. Verdicts and statistics stay.
struct Reload: Sendable {
    /// Reads the configuration again.
    typealias Read = @Sendable () throws(ConfigurationErrors) -> Configuration

    /// What the server was started with: keys that need a restart are those that differ from it.
    let started: Configuration
    let current: CurrentConfiguration
    /// `nil` when there is no file to read.
    let read: Read?
    let controlPlane: ControlPlane
    let readiness: Readiness
    let checker: HealthChecker
    let api: LookasideAPI
    let server: HTTPServer
    let log: ServerLog

    private var logger: Logger { log.logger }

    /// Reads and takes over.
    func run() async {
        guard let read else {
            logger.warning("SIGHUP: there is no configuration file to read again")
            return
        }
        let configuration: Configuration
        do {
            configuration = try read()
        } catch {
            for line in error.errors { logger.error("SIGHUP: the configuration is not valid, the old one stays", metadata: ["error": "\(line)"]) }
            return
        }
        current.value = configuration
        await apply(configuration)
        logger.notice("SIGHUP: the configuration was read again")
        let lateKeys = configuration.keysNeedingRestart(since: started)
        if !lateKeys.isEmpty {
            logger.warning(
                "SIGHUP: these keys differ from those at the start and need a restart",
                metadata: ["keys": "\(lateKeys.joined(separator: ", "))"]
            )
        }
    }

    private func apply(_ configuration: Configuration) async {
        log.apply(configuration.log)
        server.setBodyLimit(configuration.limits.bodyBytes)
        api.configuration = configuration.apiConfiguration
        readiness.setTimeout(configuration.readyTimeout.orNilIfZero)
        checker.setConcurrency(configuration.defaults.healthCheck.concurrency)
        await controlPlane.apply(combine: configuration.combine, staleAfter: configuration.staleAfter.orNilIfZero) {
            configuration.serviceSettings($0)
        }
    }
}

extension Configuration {
    /// The keys that differ and take effect at the next start only.
    fileprivate func keysNeedingRestart(since previous: Configuration) -> [String] {
        let keys: [(name: String, differs: Bool)] = [
            ("listen", listen != previous.listen), ("workers", workers != previous.workers), ("sources", sources != previous.sources),
        ]
        return keys.filter(\.differs).map(\.name)
    }
}

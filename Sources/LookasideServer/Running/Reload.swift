internal import Discovery
internal import Logging
internal import Synchronization

/// What SIGHUP does: reads the configuration again and takes over what can change while the server runs.
///
/// An invalid configuration changes nothing and its errors are logged. Verdicts and statistics stay.
final class Reload: Sendable {
    /// Reads the configuration again.
    typealias Read = @Sendable () throws(ConfigurationErrors) -> Configuration

    private let current: Mutex<Configuration>
    private let read: Read?
    private let controlPlane: ControlPlane
    private let logger: Logger

    init(of configuration: Configuration, read: Read?, controlPlane: ControlPlane, logger: Logger) {
        self.current = Mutex(configuration)
        self.read = read
        self.controlPlane = controlPlane
        self.logger = logger
    }

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
        let previous = current.withLock { current in
            defer { current = configuration }
            return current
        }
        let lateKeys = configuration.keysNeedingRestart(since: previous)
        await controlPlane.apply { configuration.serviceSettings($0) }
        logger.notice("SIGHUP: the configuration was read again")
        if !lateKeys.isEmpty {
            logger.warning("SIGHUP: these keys have changed and need a restart", metadata: ["keys": "\(lateKeys.joined(separator: ", "))"])
        }
    }
}

extension Configuration {
    /// The keys that differ and take effect at the next start only.
    func keysNeedingRestart(since previous: Configuration) -> [String] {
        let keys: [(name: String, differs: Bool)] = [
            ("listen", listen != previous.listen), ("workers", workers != previous.workers),
            ("shutdown_timeout", shutdownTimeout != previous.shutdownTimeout), ("ready_timeout", readyTimeout != previous.readyTimeout),
            ("sources", sources != previous.sources), ("stale_after", staleAfter != previous.staleAfter),
            ("limits", limits != previous.limits), ("lease", lease != previous.lease), ("metrics", metrics != previous.metrics),
            ("health_check.concurrency", defaults.healthCheck.concurrency != previous.defaults.healthCheck.concurrency),
            ("log", log != previous.log),
        ]
        return keys.filter(\.differs).map(\.name)
    }
}

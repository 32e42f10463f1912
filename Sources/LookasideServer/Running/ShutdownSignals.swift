internal import Logging
internal import ServiceLifecycle
internal import UnixSignals

/// Turns SIGTERM and SIGINT into an orderly end, a second one into an immediate end, and SIGHUP into reading the configuration again.
struct ShutdownSignals {
    private let signals: UnixSignalsSequence
    private let logger: Logger

    /// Traps the signals from now on.
    init(logger: Logger) async {
        signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        self.logger = logger
    }

    /// Runs services until they have ended.
    func run(_ group: ServiceGroup, reload: Reload) async {
        await withTaskGroup(of: Void.self) { tasks in
            let services = Task {
                do {
                    try await group.run()
                } catch is CancellationError {
                    // The second signal.
                } catch {
                    logger.error("a service failed", metadata: ["error": "\(error)"])
                }
            }
            tasks.addTask { await forward(to: group, services, reload) }
            await services.value
            tasks.cancelAll()
        }
    }

    private func forward(to group: ServiceGroup, _ services: Task<Void, Never>, _ reload: Reload) async {
        var isStopping = false
        for await signal in signals {
            if signal == .sighup {
                await reload.run()
            } else if isStopping {
                logger.warning("second signal: ending at once", metadata: ["signal": "\(signal)"])
                services.cancel()
            } else {
                isStopping = true
                logger.notice("stopping: requests under way are answered", metadata: ["signal": "\(signal)"])
                await group.triggerGracefulShutdown()
            }
        }
    }
}

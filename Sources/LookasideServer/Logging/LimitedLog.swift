internal import Logging
internal import Synchronization

/// A log for what others can cause at will: at most one line in ten seconds, the rest is counted.
///
/// Thread-safe.
final class LimitedLog: Sendable {
    private let limit = Mutex(LineLimit())
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    /// Logs a warning, or counts it.
    func warning(_ message: Logger.Message, detail: String, now: ContinuousClock.Instant = .now) {
        guard let suppressed = limit.withLock({ $0.admit(at: now) }) else { return }
        logger.warning(message, metadata: ["detail": "\(detail)", "suppressed": "\(suppressed)"])
    }
}

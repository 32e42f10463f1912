internal import Logging
internal import Synchronization

/// A log for what others can cause at will: at most one line in ten seconds, the rest is counted.
///
/// Thread-safe.
final class LimitedLog: Sendable {
    private static let interval = Duration.seconds(10)

    private struct State {
        var nextLine: ContinuousClock.Instant?
        var suppressed = 0
    }

    private let state = Mutex(State())
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    /// Logs a warning, or counts it.
    func warning(_ message: Logger.Message, detail: String, now: ContinuousClock.Instant = .now) {
        let suppressed: Int? = state.withLock { state in
            if let nextLine = state.nextLine, now < nextLine {
                state.suppressed += 1
                return nil
            }
            state.nextLine = now + Self.interval
            defer { state.suppressed = 0 }
            return state.suppressed
        }
        guard let suppressed else { return }
        logger.warning(message, metadata: ["detail": "\(detail)", "suppressed": "\(suppressed)"])
    }
}

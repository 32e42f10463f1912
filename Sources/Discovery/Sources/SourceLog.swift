package import Logging

/// The log of one source's faults: five warnings a minute, so that one that comes and goes all the time fills no disk; the rest is debug.
package struct SourceLog: Sendable {
    private let logger: Logger
    private var budget = LogBudget(lines: 5, per: .seconds(60))

    /// Makes the log of a source.
    package init(logger: Logger) {
        self.logger = logger
    }

    /// Logs a warning; with the next one how many were not.
    ///
    /// - Parameters:
    ///   - source: the name of the source in the configuration.
    ///   - details: what else is said.
    ///   - isNews: false for what was said before, which is debug.
    package mutating func warn(
        _ message: Logger.Message,
        source: String,
        _ details: Logger.Metadata,
        isNews: Bool = true,
        now: ContinuousClock.Instant = .now
    ) {
        var metadata = details
        metadata["source"] = "\(source)"
        guard isNews, let suppressed = budget.take(at: now) else { return logger.debug(message, metadata: metadata) }
        if suppressed > 0 { metadata["suppressed"] = "\(suppressed)" }
        logger.warning(message, metadata: metadata)
    }
}

package import Logging

/// Runs a source for ever: session after session, with backoff between failures.
package struct SourceRunner: Sendable {
    /// How long a session must have lived to count as a success even if it delivered nothing, when it came to watching: one that
    /// waited for an answer that long has failed all the same.
    private static let healthyLifetime = Duration.seconds(10)

    private let source: any Source
    private let feed: SourceFeed
    private let logger: Logger
    private let now: @Sendable () -> ContinuousClock.Instant
    private let pause: @Sendable (Duration) async throws -> Void

    /// Makes a runner; nothing happens before ``run()``.
    ///
    /// - Parameters:
    ///   - now: the time; for tests.
    ///   - pause: waits after a failure; for tests.
    package init(
        source: any Source,
        feed: SourceFeed,
        logger: Logger,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.source = source
        self.feed = feed
        self.logger = logger
        self.now = now
        self.pause = pause
    }

    /// Runs sessions until the task is cancelled.
    package func run() async {
        var backoff = source.backoff
        var generator = SystemRandomNumberGenerator()
        var wasFailing = false
        while !Task.isCancelled {
            let began = now()
            let before = feed.monitor.status
            var failure: String?
            var delay = Duration.zero
            do {
                try await source.run(feed)
            } catch {
                if Task.isCancelled { return }
                failure = "\(error)"
                delay = (error as? any DelayingError)?.delay ?? .zero
            }
            let after = feed.monitor.status
            let hasDelivered = after.lists + after.events > before.lists + before.events
            if hasDelivered || (after.phase == .watching && began.duration(to: now()) >= Self.healthyLifetime) {
                backoff.reset()
                wasFailing = false
            }
            guard let failure else { continue }
            feed.monitor.fault(failure)
            // The first failure is news; the ones after it are in the status.
            logger.log(
                level: wasFailing ? .debug : .warning,
                "source failed, its last peers stay",
                metadata: ["source": "\(feed.monitor.name)", "error": "\(failure)"]
            )
            wasFailing = true
            // Added, not the longer of the two: those who were told the same must not come back together.
            try? await pause(delay + backoff.next(using: &generator))
        }
    }
}

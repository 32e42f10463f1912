package import Logging

/// Runs a source for ever: session after session, with backoff between failures, and a short pause after a session that ended soon.
package struct SourceRunner: Sendable {
    /// How long a watch must have lived to count as a success though it delivered nothing.
    private static let healthyLifetime = Duration.seconds(10)
    /// The pause after a session that ended in good order but soon, in milliseconds: whoever closes every watch is not asked without end.
    private static let shortPause = 100.0...300

    private let source: any Source
    private let feed: SourceFeed
    private let log: SourceLog
    private let now: @Sendable () -> ContinuousClock.Instant
    private let pause: @Sendable (Duration) async throws -> Void

    /// Makes a runner; nothing happens before ``run()``.
    ///
    /// - Parameters:
    ///   - now: the time; for tests.
    ///   - pause: waits between two sessions; for tests.
    package init(
        source: any Source,
        feed: SourceFeed,
        logger: Logger,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.source = source
        self.feed = feed
        self.log = SourceLog(logger: logger)
        self.now = now
        self.pause = pause
    }

    /// Runs sessions until the task is cancelled.
    package func run() async {
        var backoff = source.backoff
        var generator = SystemRandomNumberGenerator()
        var log = log
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
            let ended = now()
            // A list proves nothing: who lists in every session would be asked for one after the other.
            let hasDelivered = after.events > before.events
            if hasDelivered || after.watchingSince.map({ $0.duration(to: ended) >= Self.healthyLifetime }) ?? false {
                backoff.reset()
                wasFailing = false
            }
            guard let failure else {
                guard began.duration(to: ended) < Self.healthyLifetime else { continue }
                try? await pause(.milliseconds(Double.random(in: Self.shortPause, using: &generator)))
                continue
            }
            feed.monitor.fault(failure)
            // The first failure is news; the ones after it are in the status.
            log.warn(
                "source failed, its last peers stay",
                source: feed.monitor.name,
                ["error": "\(failure)"],
                isNews: !wasFailing,
                now: ended
            )
            wasFailing = true
            // Added, not the longer of the two: those who were told the same must not come back together.
            try? await pause(delay + backoff.next(using: &generator))
        }
    }
}

internal import Synchronization

/// When a stop has to have ended: set when it begins, asked by what is stopped last. Thread-safe.
final class ShutdownDeadline: Sendable {
    /// What is left to the last step at least, however long the others took.
    private static let leastRest = Duration.seconds(1)

    private let instant = Mutex<ContinuousClock.Instant?>(nil)

    /// Says that the stop has begun, and how long it may take.
    func begin(_ timeout: Duration, now: ContinuousClock.Instant = .now) {
        instant.withLock { $0 = now + timeout }
    }

    /// How long the last step may take: what is left, and a second in any case.
    func rest(at now: ContinuousClock.Instant = .now) -> Duration {
        max(Self.leastRest, instant.withLock { $0 }.map { now.duration(to: $0) } ?? .zero)
    }
}

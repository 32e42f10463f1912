internal import HeapModule

/// When which service's plan is compiled: at once when the service was idle, less often the longer compiling takes.
///
/// A pure value; the caller gives the time. Three rules: after a compile that took t a service rests for 10 t, at most
/// 250 ms, and the changes that come meanwhile are compiled together; of the services that may go, the one with the
/// oldest change goes first; over all, compiling takes at most half of the time.
struct PublicationSchedule {
    typealias Instant = ContinuousClock.Instant

    private static let restFactor = 10
    private static let longestRest = Duration.milliseconds(250)
    /// How much compiling may run ahead of its half of the time: what keeps a lone change from waiting for its timer.
    private static let credit = Duration.milliseconds(10)

    private struct Waiting: Comparable {
        let instant: Instant
        let order: UInt64
        let service: String

        static func < (left: Waiting, right: Waiting) -> Bool { (left.instant, left.order) < (right.instant, right.order) }
    }

    /// Services that have changed, by the time of their oldest change that is not published.
    private var changedSince: [String: Instant] = [:]
    /// Services that may be compiled, oldest change first.
    private var ready = Heap<Waiting>()
    /// Services that have changed but rest, by the end of their rest.
    private var resting = Heap<Waiting>()
    private var restEnds: [String: Instant] = [:]
    /// The time from which on compiling is within its half of the time.
    private var balanced: Instant
    private var order: UInt64 = 0

    init(now: Instant) {
        balanced = now
    }

    /// Whether no change waits.
    var isEmpty: Bool { changedSince.isEmpty }

    /// Notes that a service has changed.
    mutating func change(_ service: String, at now: Instant) {
        guard changedSince[service] == nil else { return }
        changedSince[service] = now
        order += 1
        if let restEnd = restEnds[service], restEnd > now {
            resting.insert(Waiting(instant: restEnd, order: order, service: service))
        } else {
            ready.insert(Waiting(instant: now, order: order, service: service))
        }
    }

    /// The service to compile now; its changes count as taken.
    mutating func next(at now: Instant) -> String? {
        while let rested = resting.min, rested.instant <= now {
            resting.removeMin()
            restEnds[rested.service] = nil
            if let since = changedSince[rested.service] {
                ready.insert(Waiting(instant: since, order: rested.order, service: rested.service))
            }
        }
        guard balanced <= now + Self.credit, let next = ready.popMin() else { return nil }
        changedSince[next.service] = nil
        return next.service
    }

    /// Notes that a service has been compiled.
    ///
    /// - Parameter taken: the processor time of it: what others had of a busy processor meanwhile is no reason to rest.
    mutating func finish(_ service: String, taking taken: Duration, at now: Instant) {
        restEnds[service] = now + min(taken * Self.restFactor, Self.longestRest)
        balanced = max(balanced, now - taken) + taken * 2
    }

    /// When ``next(at:)`` may next return a service; `nil`: when something changes.
    func nextInstant() -> Instant? {
        guard !isEmpty else { return nil }
        let due = ready.isEmpty ? resting.min?.instant : ready.min?.instant
        return due.map { max($0, balanced - Self.credit) }
    }

    /// Forgets the rests that have ended.
    mutating func forgetRests(at now: Instant) {
        restEnds = restEnds.filter { $0.value > now }
    }
}

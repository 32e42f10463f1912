internal import HeapModule

/// When which service next has something to do. A pure value.
struct DeadlineQueue {
    typealias Instant = ContinuousClock.Instant

    private struct Entry: Comparable {
        let instant: Instant
        let service: String

        static func < (left: Entry, right: Entry) -> Bool { left.instant < right.instant }
    }

    private var entries = Heap<Entry>()
    /// The entry that counts of each service: older ones in the heap are passed over.
    private var current: [String: Instant] = [:]

    /// The earliest deadline.
    var next: Instant? { entries.min?.instant }

    /// Sets or removes a service's deadline.
    mutating func set(_ instant: Instant?, for service: String) {
        guard current[service] != instant else { return }
        current[service] = instant
        if let instant { entries.insert(Entry(instant: instant, service: service)) }
    }

    /// Takes a service whose deadline has come.
    mutating func popDue(at now: Instant) -> String? {
        while let first = entries.min, first.instant <= now || current[first.service] != first.instant {
            entries.removeMin()
            guard current[first.service] == first.instant else { continue }
            current[first.service] = nil
            return first.service
        }
        return nil
    }
}

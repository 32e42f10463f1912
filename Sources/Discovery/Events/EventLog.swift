internal import DequeModule
internal import Synchronization

/// The latest events of the process, a bounded number of them.
///
/// Thread-safe.
package final class EventLog: Sendable {
    /// How many events are kept.
    package static let capacity = 4096

    private let events = Mutex(Deque<Event>())

    /// Makes an empty log.
    package init() {}

    /// The events after an index, the oldest first.
    package func events(after index: UInt64) -> [Event] {
        events.withLock { events in Array(events.suffix(while: { $0.index > index })) }
    }

    func append(_ event: Event) {
        events.withLock { events in
            if events.count == Self.capacity { events.removeFirst() }
            events.append(event)
        }
    }
}

extension Deque {
    fileprivate func suffix(while predicate: (Element) -> Bool) -> SubSequence {
        var start = endIndex
        while start > startIndex, predicate(self[start - 1]) { start -= 1 }
        return self[start...]
    }
}

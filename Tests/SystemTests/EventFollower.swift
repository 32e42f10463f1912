import Testing

/// Reads the events of a server as they come, and notes when each was first seen: by the test's own task, while it waits for one.
final class EventFollower {
    /// An event as the answer of `/events` has it, and when that answer had arrived.
    struct Seen {
        let event: EventsBody.Event
        let at: ContinuousClock.Instant
    }

    private let server: LookasideProcess
    private var seen: [Seen] = []
    private var index = 0

    /// Makes a follower that has seen nothing.
    init(_ server: LookasideProcess) {
        self.server = server
    }

    /// Every event of a peer up to now.
    func events(of peer: String) async throws -> [EventsBody.Event] {
        try await read()
        return seen.map(\.event).filter { $0.peer == peer }
    }

    /// Waits until a peer has changed to a health, as was first seen after some time.
    func wait(for health: String, of peer: String, after instant: ContinuousClock.Instant? = nil) async throws -> Seen {
        var found: Seen?
        try await server.wait("\(peer) to be \(health)") {
            try await read()
            found = seen.first { seen in
                let event = seen.event
                return event.peer == peer && event.to == health && event.from != health && instant.map { seen.at > $0 } ?? true
            }
            return found != nil
        }
        return try #require(found)
    }

    private func read() async throws {
        let body = try await server.json("/events?index=\(index)", as: EventsBody.self)
        let now = ContinuousClock.now
        index = body.index
        seen += body.events.map { Seen(event: $0, at: now) }
    }
}

import Synchronization
import Testing

/// Reads `/events` over and over while a test does something else, and notes when each event was first seen.
final class EventFollower: Sendable {
    /// An event as the answer of `/events` has it, and when that answer had arrived.
    struct Seen: Sendable {
        let event: EventsBody.Event
        let at: ContinuousClock.Instant
    }

    private let server: LookasideProcess
    private let seen = Mutex<[Seen]>([])
    private let task = Mutex<Task<Void, any Error>?>(nil)

    /// Starts following; ends with this object.
    init(_ server: LookasideProcess) {
        self.server = server
        let following = Task { [weak self] in
            var index = 0
            while !Task.isCancelled {
                let body = try await server.json("/events?index=\(index)", as: EventsBody.self)
                let now = ContinuousClock.now
                index = body.index
                guard let self else { return }
                seen.withLock { $0 += body.events.map { Seen(event: $0, at: now) } }
                try await Task.sleep(for: .milliseconds(2))
            }
        }
        task.withLock { $0 = following }
    }

    deinit { task.withLock { $0 }?.cancel() }

    /// What was seen of a peer so far, after some time.
    func events(of peer: String, after instant: ContinuousClock.Instant? = nil) -> [Seen] {
        seen.withLock { $0 }.filter { seen in seen.event.peer == peer && instant.map { seen.at > $0 } ?? true }
    }

    /// Waits until a peer has changed to a health, after some time.
    func wait(for health: String, of peer: String, after instant: ContinuousClock.Instant? = nil) async throws -> Seen {
        func found() -> Seen? { events(of: peer, after: instant).first { $0.event.to == health && $0.event.from != health } }
        try await server.wait("\(peer) to be \(health)") { found() != nil }
        return try #require(found())
    }
}

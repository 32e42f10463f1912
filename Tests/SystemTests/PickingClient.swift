import HTTPTransport
import Synchronization

/// A client that picks one service over and over while a test does something else.
final class PickingClient: Sendable {
    private let isStopped = Atomic(false)
    private let task = Mutex<Task<Set<Int>, any Error>?>(nil)

    /// Starts picking.
    init(_ server: LookasideProcess, service: String) {
        let picking = Task { [weak self] in
            var statuses: Set<Int> = []
            repeat {
                statuses.insert(try await server.get("/pick/\(service)").status)
            } while self?.isStopped.load(ordering: .relaxed) == false
            return statuses
        }
        task.withLock { $0 = picking }
    }

    /// Stops picking.
    ///
    /// - Returns: every status that was answered.
    func stop() async throws -> Set<Int> {
        isStopped.store(true, ordering: .relaxed)
        return try await task.withLock { $0 }?.value ?? []
    }
}

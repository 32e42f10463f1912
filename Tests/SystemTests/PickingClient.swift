import Foundation
import HTTPTransport
import Synchronization

/// A client that picks one service over and over while a test does something else.
final class PickingClient: Sendable {
    /// One pick and its answer.
    struct Pick: Sendable {
        let sent: ContinuousClock.Instant
        /// It was handled after it was sent and before this.
        let answered: ContinuousClock.Instant
        let status: Int
        /// The peer; empty when there was none.
        let peer: String
        let isPanic: Bool
    }

    private let isStopped = Atomic(false)
    private let picks = Atomic(0)
    private let task = Mutex<Task<[Pick], any Error>?>(nil)

    /// Starts picking.
    ///
    /// - Parameter pause: the time between an answer and the next pick.
    init(_ server: LookasideProcess, service: String, pause: Duration = .zero) {
        let picking = Task { [weak self] in
            var picks: [Pick] = []
            repeat {
                let sent = ContinuousClock.now
                let answer = try await server.get("/pick/\(service)")
                let answered = ContinuousClock.now
                let body = answer.status == 200 ? try JSONDecoder().decode(PickBody.self, from: Data(answer.body)) : nil
                picks.append(
                    Pick(sent: sent, answered: answered, status: answer.status, peer: body?.peer ?? "", isPanic: body?.panic ?? false)
                )
                self?.picks.add(1, ordering: .relaxed)
                if pause > .zero { try await Task.sleep(for: pause) }
            } while self?.isStopped.load(ordering: .relaxed) == false
            return picks
        }
        task.withLock { $0 = picking }
    }

    /// How many picks were answered so far.
    var pickCount: Int { picks.load(ordering: .relaxed) }

    /// Stops picking.
    ///
    /// - Returns: every status that was answered.
    func stop() async throws -> Set<Int> {
        Set(try await stopped().map(\.status))
    }

    /// Stops picking.
    ///
    /// - Returns: every pick, in their order.
    func stopped() async throws -> [Pick] {
        isStopped.store(true, ordering: .relaxed)
        return try await task.withLock { $0 }?.value ?? []
    }
}

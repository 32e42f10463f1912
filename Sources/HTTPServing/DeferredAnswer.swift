import Synchronization

/// The outcome of deferred work, handed from the thread that has it to the worker of the suspended connection.
final class DeferredAnswer: Sendable {
    enum Outcome {
        case response(PreparedResponse)
        /// Too late, or the server stops.
        case overloaded
    }

    private let outcome = Mutex<Outcome?>(nil)

    func set(_ outcome: Outcome) {
        self.outcome.withLock { $0 = outcome }
    }

    /// The outcome, nil while there is none.
    func take() -> Outcome? {
        outcome.withLock { outcome in
            defer {
                outcome = nil
            }
            return outcome
        }
    }
}

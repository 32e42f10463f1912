import Dispatch
import Synchronization

extension ScriptedHTTPServer {
    /// Something that happens once, and that a script's thread or a test's task waits for.
    package final class Event: Sendable {
        private struct State {
            var hasHappened = false
            var waiters: [Int: CheckedContinuation<Void, any Error>] = [:]
            var nextWaiter = 0
        }

        private let state = Mutex(State())
        private let semaphore = DispatchSemaphore(value: 0)

        /// Makes an event that has not happened.
        package init() {}

        /// Makes it happen; again changes nothing.
        package func signal() {
            let waiters = state.withLock { state in
                state.hasHappened = true
                defer { state.waiters = [:] }
                return state.waiters.values
            }
            semaphore.signal()
            for waiter in waiters {
                waiter.resume()
            }
        }

        /// Suspends the task until it has happened; throws when the task is cancelled, as by a test's time limit.
        package func wait() async throws {
            let number = state.withLock { state in
                state.nextWaiter += 1
                return state.nextWaiter
            }
            try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    let result = state.withLock { state -> Result<Void, any Error>? in
                        if state.hasHappened {
                            return .success(())
                        }
                        // The handler may have run before there was anybody to wake.
                        if Task.isCancelled {
                            return .failure(CancellationError())
                        }
                        state.waiters[number] = continuation
                        return nil
                    }
                    if let result {
                        continuation.resume(with: result)
                    }
                }
            } onCancel: {
                state.withLock { $0.waiters.removeValue(forKey: number) }?.resume(throwing: CancellationError())
            }
        }

        /// Blocks a script's thread until it has happened; throws after 20 s.
        package func block() throws {
            guard semaphore.wait(timeout: .now() + 20) == .success else { throw Failure(call: "event", number: 0) }
            // For the next one who waits.
            semaphore.signal()
        }
    }
}

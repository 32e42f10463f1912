import Dispatch
import Synchronization

extension ScriptedHTTPServer {
    /// Something that happens once, and that a script's thread or a test's task waits for.
    package final class Event: Sendable {
        private struct State {
            var hasHappened = false
            var waiters: [CheckedContinuation<Void, Never>] = []
        }

        private let state = Mutex(State())
        private let semaphore = DispatchSemaphore(value: 0)

        /// Makes an event that has not happened.
        package init() {}

        /// Makes it happen; again changes nothing.
        package func signal() {
            let waiters = state.withLock { state in
                state.hasHappened = true
                defer { state.waiters = [] }
                return state.waiters
            }
            semaphore.signal()
            for waiter in waiters {
                waiter.resume()
            }
        }

        /// Suspends the task until it has happened, without a limit: give the test one.
        package func wait() async {
            await withCheckedContinuation { continuation in
                let hasHappened = state.withLock { state in
                    if !state.hasHappened {
                        state.waiters.append(continuation)
                    }
                    return state.hasHappened
                }
                if hasHappened {
                    continuation.resume()
                }
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

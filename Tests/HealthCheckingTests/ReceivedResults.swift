import HealthChecking
import Synchronization

/// Results as a checker hands them over, for tests that wait for some.
final class ReceivedResults: Sendable {
    private struct State {
        var results: [CheckedResult] = []
        var waiter: (count: Int, continuation: CheckedContinuation<Void, Never>)?
    }

    private let state = Mutex(State())

    var all: [CheckedResult] {
        state.withLock { $0.results }
    }

    func append(_ results: [CheckedResult]) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.results += results
            guard let waiter = state.waiter, state.results.count >= waiter.count else { return nil }
            state.waiter = nil
            return waiter.continuation
        }
        waiter?.resume()
    }

    /// Waits for so many results in all; for one task, without a limit: give the test one.
    func wait(for count: Int) async -> [CheckedResult] {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                guard state.results.count < count else { return true }
                state.waiter = (count, continuation)
                return false
            }
            if isThere {
                continuation.resume()
            }
        }
        return all
    }
}

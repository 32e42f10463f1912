import Foundation
import Testing

/// Runs blocking work on a thread of its own, so that no thread of async functions waits for a socket.
func onThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread {
            continuation.resume(with: Result(catching: work))
        }
    }
}

/// Runs blocking work on so many threads at once and returns what they return.
func onThreads<Value: Sendable>(_ count: Int, _ work: @escaping @Sendable (Int) throws -> Value) async throws -> [Value] {
    try await withThrowingTaskGroup(of: Value.self) { group in
        for index in 0..<count {
            group.addTask {
                try await onThread { try work(index) }
            }
        }
        return try await group.reduce(into: []) { $0.append($1) }
    }
}

/// Waits until the condition holds, for a minute at most.
func waitUntil(_ condition: @Sendable () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while !condition() {
        try #require(ContinuousClock.now < deadline, "the condition never held")
        try await Task.sleep(for: .milliseconds(2))
    }
}

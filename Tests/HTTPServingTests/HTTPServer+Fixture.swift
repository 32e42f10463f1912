import Foundation
import HTTPServing
import Synchronization
import Testing

extension HTTPServer {
    /// Starts a server with two workers on a free port.
    static func start(_ routes: [HTTPRoute], _ configure: (inout Configuration) -> Void = { _ in }) throws -> HTTPServer {
        var configuration = Configuration()
        configuration.port = 0
        configuration.workers = 2
        configure(&configuration)
        return try start(configuration, routes: routes)
    }
}

extension HTTPResponse {
    /// A 200 with a text as body.
    static func text(_ text: String) -> HTTPResponse {
        HTTPResponse(status: 200, body: Array(text.utf8))
    }
}

extension HTTPRoute {
    /// A route that answers the text.
    static func get(_ pattern: String, _ text: String) -> HTTPRoute {
        HTTPRoute(.get, pattern) { _ in .response(.text(text)) }
    }

    /// `POST /echo`, which answers the body that it takes.
    static var echo: HTTPRoute {
        HTTPRoute(.post, "/echo", takesBody: true) { .response(HTTPResponse(status: 200, body: $0.body)) }
    }
}

/// A count that any thread may raise.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int {
        count.load(ordering: .acquiring)
    }

    func increment() {
        count.wrappingAdd(1, ordering: .acquiringAndReleasing)
    }
}

/// A gate that threads wait at until it is opened.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func wait() {
        semaphore.wait()
        semaphore.signal()
    }

    func open() {
        semaphore.signal()
    }
}

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

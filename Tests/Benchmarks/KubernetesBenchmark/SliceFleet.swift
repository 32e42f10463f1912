import Foundation
import HTTPTransport
import TestSupport

/// Services with one slice each, all of the same size, in a small Kubernetes API server.
///
/// A change gives a slice another weight, which the first pick that knows of it shows.
struct SliceFleet {
    /// One change.
    private struct Change {
        let service: Int
        let weight: Int
    }

    /// A change that no pick has shown.
    struct NeverSeen: Error, CustomStringConvertible {
        let description: String
    }

    private static let patience = Duration.seconds(10)

    private let services: Int
    private let endpoints: Int
    private let server: FakeAPIServer
    private let client: HTTPClient
    /// Counts the changes: the next one is of this service, modulo all of them.
    private var number = 0

    /// Starts the server with every slice.
    init(services: Int, endpoints: Int) throws {
        self.services = services
        self.endpoints = endpoints
        server = try FakeAPIServer()
        client = try HTTPClient()
        for service in 0..<services { write(service, weight: 100) }
    }

    /// The port of the server on 127.0.0.1.
    var port: UInt16 { server.port }

    /// Makes changes, each when the one before was seen.
    ///
    /// - Returns: the milliseconds from each to the first pick that shows it.
    mutating func follow(lookasidePort: Int, changes: Int) async throws -> [Double] {
        var taken: [Double] = []
        for _ in 0..<changes {
            let began = ContinuousClock.now
            let change = change()
            try await waitForPick(lookasidePort, change)
            taken.append(began.duration(to: .now) / .milliseconds(1))
        }
        return taken
    }

    /// Makes changes at a rate a second, and waits for the last one.
    mutating func write(lookasidePort: Int, changes: Int, rate: Int) async throws {
        let start = ContinuousClock.now
        var last = change()
        for count in 1..<changes {
            try await Task.sleep(until: start + .seconds(1) * (Double(count) / Double(rate)), tolerance: .microseconds(100), clock: .continuous)
            last = change()
        }
        try await waitForPick(lookasidePort, last)
    }

    private mutating func change() -> Change {
        number += 1
        let change = Change(service: number % max(1, services), weight: 1000 + number % 60_000)
        write(change.service, weight: change.weight)
        return change
    }

    private func write(_ service: Int, weight: Int) {
        let list = (1...endpoints).map { endpoint in
            FakeAPIServer.Endpoint(
                "10.\(service >> 8).\(service & 255).\(endpoint)",
                ready: true,
                serving: true,
                terminating: false,
                uid: String(format: "%08x-0000-4000-8000-%012x", service, endpoint),
                node: "node-\((service + endpoint) % 500)",
                zone: "zone-\(endpoint % 3)"
            )
        }
        let labels = ["lookaside.dev/weight": "\(weight)", "lookaside.dev/slow-start": "0"]
        server.write(.slice("service-\(service)-1", of: "service-\(service)", port: 8080, labels: labels, list))
    }

    private func waitForPick(_ lookasidePort: Int, _ change: Change) async throws {
        let url = "http://127.0.0.1:\(lookasidePort)/pick/service-\(change.service)"
        let mark = "\"weight\":\(change.weight)"
        let deadline = ContinuousClock.now + Self.patience
        while ContinuousClock.now < deadline {
            let answer = try await client.send(.init(url: url), timeout: Self.patience)
            if String(decoding: answer.body, as: UTF8.self).contains(mark) { return }
        }
        throw NeverSeen(description: "no pick of service-\(change.service) showed weight \(change.weight)")
    }
}

import Foundation
import HTTPTransport
import Synchronization

/// Changes of weights at a fixed rate, some of which are followed into picks.
///
/// A change that is followed gives its peer nearly all the weight of its service, so that the first pick that knows of it shows it. A watch
/// beside the server's says when etcd itself had told of the change.
struct ChangesRun: Sendable {
    /// How many changes a second are followed.
    private static let followedPerSecond = 40
    private static let patience = Duration.seconds(10)

    let fleet: Fleet
    let rate: Int
    let seconds: Int
    private let lookasideURL: String
    private let client: HTTPClient

    /// One measured time.
    struct Sample {
        let name: String
        let milliseconds: Double
    }

    /// When the watch saw the changes that are followed, by key and value.
    private final class Arrivals: Sendable {
        private let instants = Mutex<[String: ContinuousClock.Instant]>([:])

        func note(_ key: String, _ value: String, _ instant: ContinuousClock.Instant) {
            instants.withLock { $0[key + value] = instant }
        }

        func instant(_ key: String, _ value: String) -> ContinuousClock.Instant? { instants.withLock { $0[key + value] } }
    }

    init(fleet: Fleet, lookasidePort: Int, rate: Int, seconds: Int) throws {
        self.fleet = fleet
        self.rate = rate
        self.seconds = seconds
        lookasideURL = "http://127.0.0.1:\(lookasidePort)"
        client = try HTTPClient()
    }

    func measure() async throws -> [Sample] {
        let arrivals = Arrivals()
        let watch = Task { try await fleet.watch { arrivals.note($0, $1, $2) } }
        defer { watch.cancel() }
        try await Task.sleep(for: .milliseconds(500))
        let start = ContinuousClock.now
        var samples: [Sample] = []
        try await withThrowingTaskGroup(of: [Sample].self) { group in
            let step = max(1, rate / Self.followedPerSecond)
            for number in 0..<rate * seconds {
                try await Task.sleep(until: start + .seconds(1) * (Double(number) / Double(rate)), tolerance: .microseconds(100), clock: .continuous)
                // The services and peers in turn, so that none is followed twice at a time; those that are followed from the upper half.
                let service = number % fleet.services
                let half = fleet.peers / 2
                let peer = number / fleet.services % half
                group.addTask {
                    guard number % step == 0 else {
                        try await fleet.set(peer, of: service, weight: number % 3 + 1)
                        return []
                    }
                    return try await follow(number, service, half + peer, arrivals)
                }
            }
            for try await found in group { samples += found }
        }
        return samples
    }

    private func follow(_ number: Int, _ service: Int, _ peer: Int, _ arrivals: Arrivals) async throws -> [Sample] {
        let weight = 50_000 + number % 10_000
        let began = ContinuousClock.now
        try await fleet.set(peer, of: service, weight: weight)
        let answered = ContinuousClock.now
        let seen = try await waitForPick(of: service, weight: weight)
        var told: ContinuousClock.Instant?
        while told == nil, answered.duration(to: .now) < Self.patience {
            told = arrivals.instant(fleet.key(peer, of: service), Fleet.value(weight: weight))
            if told == nil { try await Task.sleep(for: .milliseconds(1)) }
        }
        guard let told else { throw BenchmarkError("the watch never told of weight \(weight)") }
        // The next one that is followed finds the service as it was.
        try await fleet.set(peer, of: service, weight: 1)
        return [
            Sample(name: "put", milliseconds: began.duration(to: answered) / .milliseconds(1)),
            Sample(name: "told", milliseconds: began.duration(to: told) / .milliseconds(1)),
            Sample(name: "seen", milliseconds: began.duration(to: seen) / .milliseconds(1)),
            Sample(name: "beyond", milliseconds: max(0, told.duration(to: seen) / .milliseconds(1))),
        ]
    }

    private func waitForPick(of service: Int, weight: Int) async throws -> ContinuousClock.Instant {
        // As many as show every peer of the service that has a large weight at the moment.
        let url = "\(lookasideURL)/pick/\(fleet.service(service))?dry_run=1&n=50"
        let mark = "\"weight\":\(weight)}"
        let deadline = ContinuousClock.now + Self.patience
        while ContinuousClock.now < deadline {
            let answer = try await client.send(.init(url: url), timeout: Self.patience)
            if String(decoding: answer.body, as: UTF8.self).contains(mark) { return .now }
            // A large service rests for up to a quarter of a second between plans: no need to look thousands of times.
            if fleet.peers > 1000 { try await Task.sleep(for: .milliseconds(1)) }
        }
        throw BenchmarkError("no pick of \(fleet.service(service)) showed weight \(weight)")
    }
}

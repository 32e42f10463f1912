import Balancing
import Discovery
import Foundation
import HTTPServing
import HealthChecking

@testable import LookasideAPI

/// Services `web` and `api` with the peers 10.0.0.1:80 to 10.0.0.3:80 each, and the interface over them. The clock stands.
struct ReportFixture {
    static let second: UInt32 = 1_000

    let directory = ServiceDirectory()
    let clock = ServerClock(now: { .second(second) }, wallTime: { 0 })
    let counters = ReportCounters()

    init() throws {
        directory.isSynced = true
        var generator = SystemRandomNumberGenerator()
        for name in ["web", "api"] {
            let members = try (1...3).map { number in
                let state = PeerState(address: try PeerAddress("10.0.0.\(number):80"), since: 0)
                return PlanMember(state: state, value: .default, source: 0)
            }
            let plan = Plan(members: members, isStale: false, index: 1, previous: nil)
            directory.add(ServiceState(name: name, plan: plan, using: &generator))
        }
    }

    var recorder: ReportRecorder { ReportRecorder(directory: directory, clock: clock, client: "192.0.2.1") }

    /// How many requests the service was reported.
    func requests(_ service: String) -> UInt64 {
        directory[service]?.outcomes(window: 60, before: Self.second + 1).requests ?? 0
    }

    func start(
        _ configure: (inout HTTPServer.Configuration) -> Void = { _ in },
        checks: @escaping @Sendable () -> CheckStatistics = { CheckStatistics() }
    ) throws -> (server: HTTPServer, counters: ReportCounters) {
        let api = LookasideAPI(
            directory: directory,
            monitors: [],
            events: EventLog(),
            readiness: Readiness(monitors: [], timeout: nil),
            checks: checks,
            stateFile: StateFileMonitor(),
            clock: clock,
            configuration: .init(version: "test")
        )
        var configuration = HTTPServer.Configuration()
        configuration.port = 0
        configuration.workers = 2
        configuration.failureResponse = { api.response(to: $0) }
        configure(&configuration)
        return (try HTTPServer.start(configuration, routes: api.routes), api.reportCounters)
    }

    /// A good line or item.
    static let good = #"{"service":"web","peer":"10.0.0.1:80","status":200,"latency_ms":12.5}"#
}

/// Runs blocking work on a thread of its own, so that no thread of async functions waits for a socket.
func onThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result(catching: work)) }
    }
}

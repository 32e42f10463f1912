import Glibc
import HTTPServing
import HealthChecking
import TestSupport
import Testing

/// On which threads answers are made.
struct PriorityTests {
    @Test func `long answers for operators are made by threads that give way to workers`() async throws {
        let seen = Collected<Int32>()
        let (server, _) = try ReportFixture().start(checks: {
            seen.append(getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0))
            return CheckStatistics()
        })
        let statuses = try await onThread {
            let client = try RawHTTPClient(port: server.port)
            return try ["/metrics", "/stats", "/stats?format=prometheus"].map { try client.request("GET", $0).status }
        }
        #expect(statuses == [200, 200, 200])
        #expect(seen.all == [10, 10, 10])
        await server.stop(drainingFor: .seconds(60))
    }
}

internal import Balancing
internal import Discovery
internal import HTTPServing
internal import HealthChecking

/// `GET /metrics`, and `/stats` with `?format=prometheus`: the counters and gauges of this process for Prometheus.
struct MetricsHandler: Sendable {
    let directory: ServiceDirectory
    let monitors: [SourceMonitor]
    let clock: ServerClock
    let requests: RequestTotals
    let reports: ReportCounters
    let checks: @Sendable () -> CheckStatistics
    let stateFile: StateFileMonitor
    let version: String
    let perPeer: @Sendable () -> Bool

    /// Answers `GET /metrics`.
    func metrics(_ request: borrowing HTTPRequest) throws(APIError) -> HTTPReply {
        _ = try Parameters(of: request, allowed: [])
        return all()
    }

    /// Everything.
    func all() -> HTTPReply {
        .deferred(.low) {
            let services = directory.all.sorted { $0.name < $1.name }
            // About what a service takes: half a kilobyte, or two with outcomes.
            var text = Exposition(capacity: 8192 + services.count * 1024)
            write(services, to: &text)
            SourceMetrics.write(monitors.map(\.status), to: &text)
            CheckMetrics.write(checks(), to: &text)
            ReportMetrics.write(reports, to: &text)
            if let status = stateFile.status { StateFileMetrics.write(status, to: &text) }
            requests.write(to: &text)
            text.describe("lookaside_build_info", .gauge, "Always 1; the label says which build this is.")
            text.sample("lookaside_build_info", Exposition.Labels("version", version), 1)
            ProcessMetrics().write(to: &text)
            return Self.response(text)
        }
    }

    /// What concerns one service.
    func one(_ service: ServiceState) -> HTTPReply {
        .deferred(.low) {
            var text = Exposition()
            write([service], to: &text)
            return Self.response(text)
        }
    }

    private func write(_ services: [ServiceState], to text: inout Exposition) {
        let second = clock.second()
        let perPeer = perPeer()
        ServiceMetrics.write(services.map { ServiceMetrics($0, at: second, perPeer: perPeer) }, perPeer: perPeer, to: &text)
    }

    private static func response(_ text: Exposition) -> HTTPResponse {
        HTTPResponse(
            status: 200,
            headers: [(name: "Content-Type", value: Exposition.contentType), (name: "Cache-Control", value: "no-store")],
            body: text.bytes
        )
    }
}

internal import Discovery
internal import HTTPServing

/// What tells operators and orchestrators about the process itself.
struct OperationsHandler: Sendable {
    private let monitors: [SourceMonitor]
    private let readinessState: Readiness
    private let healthy: PreparedResponse
    private let versionAnswer: PreparedResponse
    private let openAPIAnswer: PreparedResponse

    init(monitors: [SourceMonitor], readiness: Readiness, version: String) {
        self.monitors = monitors
        readinessState = readiness
        healthy = PreparedResponse(.json(["status": "ok"]))
        versionAnswer = PreparedResponse(.json(["name": "lookaside", "version": version]))
        openAPIAnswer = PreparedResponse(.json(bytes: PackageResources.openapi_json))
    }

    /// `GET /healthz`: the process works.
    func health(_ request: borrowing HTTPRequest) throws(APIError) -> HTTPReply { try reply(to: request, healthy) }

    /// `GET /version`.
    func version(_ request: borrowing HTTPRequest) throws(APIError) -> HTTPReply { try reply(to: request, versionAnswer) }

    /// `GET /openapi.json`.
    func openAPI(_ request: borrowing HTTPRequest) throws(APIError) -> HTTPReply { try reply(to: request, openAPIAnswer) }

    private func reply(to request: borrowing HTTPRequest, _ response: PreparedResponse) throws(APIError) -> HTTPReply {
        _ = try Parameters(of: request, allowed: [])
        return .prepared(response)
    }

    /// `GET /readyz`: whether this process may take traffic, and which sources it does without.
    func readiness(_ request: borrowing HTTPRequest) throws(APIError) -> HTTPReply {
        _ = try Parameters(of: request, allowed: [])
        if readinessState.isStopping { return .response(APIError.overloaded("the server is stopping").response) }
        guard readinessState.isReady(at: .now) else {
            let error = APIError.notSynced("these sources have not delivered their peers yet: \(readinessState.unsynced.joined(separator: ", "))")
            let body = ErrorBody(error: .init(code: error.code, message: error.message), unsynced: readinessState.unsynced)
            return .response(error.response(body))
        }
        let degraded = monitors.map(\.status).filter(\.isDown).map { DegradedSource($0) }
        return .response(.json(ReadyBody(ready: true, degraded: degraded.isEmpty ? nil : degraded)))
    }
}

/// The answer of `GET /readyz` when the process may take traffic.
struct ReadyBody: Encodable {
    let ready: Bool
    let degraded: [DegradedSource]?
}

/// A source that is down.
struct DegradedSource: Encodable {
    let source: String
    let staleSeconds: Double
    let lastError: String

    enum CodingKeys: String, CodingKey {
        case source, staleSeconds = "stale_seconds", lastError = "last_error"
    }

    init(_ status: SourceStatus) {
        source = status.name
        staleSeconds = status.roundedStaleSeconds
        lastError = status.lastError
    }
}

extension SourceStatus {
    /// Whether the source is not in contact and known to be failing, or has never delivered.
    fileprivate var isDown: Bool { !isSynced || (phase != .watching && !lastError.isEmpty) }
}

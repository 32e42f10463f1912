import Testing

@testable import EtcdSource

/// When a history counts as broken.
struct SessionFailuresTests {
    private func error(_ cause: EtcdError.Cause) -> EtcdError {
        EtcdError(operation: "POST /v3/kv/range", endpoint: "10.0.0.1:2379", message: "x", cause: cause)
    }

    /// Runs a session in which the endpoints fail so, in their order.
    private func session(_ failures: inout SessionFailures, _ causes: [EtcdError.Cause]) -> Int? {
        failures.beginSession()
        for (endpoint, cause) in causes.enumerated() { failures.add(error(cause), at: endpoint) }
        return failures.endSession()?.endpoint
    }

    @Test func `a history is broken at once when every endpoint has another`() {
        var one = SessionFailures(endpointCount: 1)
        #expect(session(&one, [.otherHistory]) == 0)
        var three = SessionFailures(endpointCount: 3)
        #expect(session(&three, [.otherHistory, .otherHistory, .otherHistory]) == 0)
    }

    @Test func `while an endpoint does not answer it takes three more sessions in a row that show another history`() {
        var failures = SessionFailures(endpointCount: 3)
        for _ in 1...2 {
            for _ in 1...3 { #expect(session(&failures, [.failed, .otherHistory, .failed]) == nil) }
            #expect(session(&failures, [.failed, .otherHistory, .otherHistory]) == 1)
        }
    }

    @Test func `a session that does not show it, and one that works, begin the count anew`() {
        var failures = SessionFailures(endpointCount: 2)
        for _ in 1...3 { #expect(session(&failures, [.failed, .otherHistory]) == nil) }
        #expect(session(&failures, [.failed, .failed]) == nil)
        for _ in 1...3 { #expect(session(&failures, [.otherHistory, .failed]) == nil) }
        failures.noteSuccess()
        for _ in 1...3 { #expect(session(&failures, [.otherHistory, .failed]) == nil) }
        #expect(session(&failures, [.otherHistory, .failed]) == 0)
    }

    @Test func `an endpoint that is tried twice counts once, by what it did last`() {
        var failures = SessionFailures(endpointCount: 2)
        failures.beginSession()
        for cause in [EtcdError.Cause.otherHistory, .otherHistory] { failures.add(error(cause), at: 0) }
        #expect(failures.endSession() == nil)
        failures.beginSession()
        failures.add(error(.otherHistory), at: 0)
        failures.add(error(.otherHistory), at: 1)
        failures.add(error(.failed), at: 0)
        #expect(failures.endSession() == nil)
    }

    @Test func `the error names what happened at each endpoint`() {
        var failures = SessionFailures(endpointCount: 2)
        #expect("\(failures.error)" == "no endpoint is configured")
        failures.add(error(.failed), at: 0)
        #expect("\(failures.error)" == "POST /v3/kv/range at 10.0.0.1:2379: x")
        failures.add(error(.otherHistory), at: 1)
        #expect("\(failures.error)".hasPrefix("none of 2 endpoints works: POST "))
    }
}

/// What went wrong in a session, at one endpoint after the other, and whether that means that the known history is gone.
///
/// A pure value. An endpoint with another history may lag behind, or be of another cluster, while one that does not answer at the moment
/// has the known one. So the history counts as broken at once when every endpoint has shown another, and when some do not answer only after
/// some more sessions in a row that show the same.
struct SessionFailures {
    /// How many more sessions must show another history while an endpoint does not answer.
    private static let furtherSessions = 3

    private let endpointCount: Int
    private var failures: [any Error] = []
    /// The endpoints that showed another history, in order.
    private var others: [(endpoint: Int, error: EtcdError)] = []
    /// How many sessions in a row have shown another history at some of the endpoints and the known one at none.
    private var doubtfulSessions = 0

    /// Makes the record of a source with so many endpoints.
    init(endpointCount: Int) {
        self.endpointCount = endpointCount
    }

    /// Begins a session.
    mutating func beginSession() {
        failures = []
        others = []
    }

    /// Notes that an endpoint continued the known history.
    mutating func noteSuccess() {
        beginSession()
        doubtfulSessions = 0
    }

    /// Notes what an endpoint failed with.
    mutating func add(_ error: any Error, at endpoint: Int) {
        failures.append(error)
        others.removeAll { $0.endpoint == endpoint }
        if let error = error as? EtcdError, error.cause == .otherHistory { others.append((endpoint, error)) }
    }

    /// Ends a session in which every endpoint has failed.
    ///
    /// - Returns: the first endpoint with another history, if that is the one to go on with; `nil`: the known history may still be there.
    mutating func endSession() -> (endpoint: Int, error: EtcdError)? {
        doubtfulSessions = others.isEmpty ? 0 : doubtfulSessions + 1
        guard let first = others.first, others.count == endpointCount || doubtfulSessions > Self.furtherSessions else { return nil }
        doubtfulSessions = 0
        return first
    }

    /// The error of the session: at each endpoint something.
    var error: any Error { Failure(failures) }

    private struct Failure: Error, CustomStringConvertible {
        let description: String

        init(_ failures: [any Error]) {
            let reasons = failures.isEmpty ? "no endpoint is configured" : failures.map { "\($0)" }.joined(separator: "; ")
            description = failures.count > 1 ? "none of \(failures.count) endpoints works: \(reasons)" : reasons
        }
    }
}

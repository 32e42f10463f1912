/// What one probe of a peer saw.
package enum CheckResult: Sendable, Equatable {
    /// The peer answered with this HTTP status.
    case status(Int)
    /// A connection was made, and nothing more was asked.
    case connected
    /// There was no answer: the reason.
    case failure(String)

    /// Whether it passes where these statuses do.
    func passes(_ okStatuses: StatusSet) -> Bool {
        switch self {
        case .status(let status): okStatuses.contains(status)
        case .connected: true
        case .failure: false
        }
    }

    /// The result in words.
    var description: String {
        switch self {
        case .status(let status): "status \(status)"
        case .connected: "connected"
        case .failure(let reason): reason
        }
    }
}

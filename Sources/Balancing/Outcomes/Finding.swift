/// What the evidence says against a peer.
package struct Finding: Codable, Sendable, Equatable {
    /// Which rule the peer broke.
    package enum Rule: String, Codable, Sendable {
        /// Too large a share of its requests failed.
        case failureRatio = "failure_ratio"
        /// Too many failed in a row.
        case consecutiveFailures = "consecutive_failures"
    }

    /// The rule.
    package let rule: Rule
    /// Requests in the window.
    package let requests: UInt64
    /// Failures in the window.
    package let failures: UInt64
    /// Failures in a row, up to now.
    package let run: UInt64
    /// The window in seconds.
    package let window: Int

    /// The finding in words.
    package var description: String {
        switch rule {
        case .failureRatio:
            let hundredths = (100 * failures + requests / 2) / max(1, requests)
            let ratio = "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
            return "failure ratio \(ratio) over \(requests) requests in \(window) s"
        case .consecutiveFailures:
            return "\(run) failures in a row"
        }
    }
}

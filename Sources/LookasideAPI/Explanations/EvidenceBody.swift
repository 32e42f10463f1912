internal import Balancing

/// What log check has, or had, against a peer.
struct EvidenceBody: Encodable {
    let windowSeconds: Int
    let requests: UInt64
    let failures: UInt64
    let run: UInt64

    enum CodingKeys: String, CodingKey {
        case windowSeconds = "window_seconds", requests, failures, run
    }

    /// What was found.
    init(_ finding: Finding) {
        (windowSeconds, requests, failures, run) = (finding.window, finding.requests, finding.failures, finding.run)
    }

    /// What is held of a peer up to `second`.
    init(_ state: PeerState, settings: LogCheckSettings, at second: UInt32) {
        windowSeconds = settings.window
        (requests, failures, run) = state.evidenceCounts(at: second, settings: settings)
    }
}

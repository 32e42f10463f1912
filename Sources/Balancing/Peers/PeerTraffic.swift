/// What is held of a peer that has traffic: counts, evidence, prepared answers. Guarded by the lock of its ``PeerState``, made at
/// the first pick or outcome, freed when the traffic has ceased: a million idle peers hold none.
// Safe to share: only its PeerState refers to it, and touches it under its lock only.
final class PeerTraffic: @unchecked Sendable {
    var picks = SecondRing()
    var outcomes = OutcomeStatistics()
    var totals = TrafficTotals()
    var evidence: Evidence?
    var leases = LeaseBalance()

    /// The configured weight that the prepared answers show: another weight makes them out of date.
    private var answerWeight = 0.0
    private var json: (any AnyObject & Sendable)?
    private var text: (any AnyObject & Sendable)?
    private var listed: (any AnyObject & Sendable)?

    /// The answer of a kind, made when there is none for this weight.
    func answer(
        _ kind: PreparedAnswerKind,
        weight: Double,
        make: () -> any AnyObject & Sendable
    ) -> any AnyObject & Sendable {
        if weight != answerWeight {
            (json, text, listed) = (nil, nil, nil)
            answerWeight = weight
        }
        switch kind {
        case .json: return Self.kept(&json, make)
        case .text: return Self.kept(&text, make)
        case .listed: return Self.kept(&listed, make)
        }
    }

    private static func kept(_ answer: inout (any AnyObject & Sendable)?, _ make: () -> any AnyObject & Sendable) -> any AnyObject & Sendable {
        if let answer { return answer }
        let made = make()
        answer = made
        return made
    }

    /// Frees evidence that was recorded for other settings: it cannot answer to these.
    func keepEvidence(for settings: LogCheckSettings) {
        if evidence?.fits(settings) == false { evidence = nil }
    }

    /// Frees evidence that holds nothing any more.
    func freeEmptyEvidence(at second: UInt32) {
        if evidence?.isEmpty(at: second) == true { evidence = nil }
    }

    /// Whether there were neither picks nor outcomes in the last minute before `second`.
    func isIdle(at second: UInt32) -> Bool {
        picks.isIdle(at: second) && outcomes.isIdle(at: second)
    }

    /// What is left of idle traffic: an open run of failures, which has no end in time, and leases whose end is to come; `nil` without either.
    func remainder(at second: UInt32) -> PeerTraffic? {
        freeEmptyEvidence(at: second)
        guard evidence != nil || leases.isOpen else { return nil }
        let remainder = PeerTraffic()
        remainder.evidence = evidence
        remainder.leases = leases
        return remainder
    }
}

/// The answers that the HTTP interface prepares once for a peer and keeps with its ``PeerState``.
package enum PreparedAnswerKind: Sendable {
    /// The answer to a single pick in JSON.
    case json
    /// The answer to a single pick as text.
    case text
    /// The peer in the list of a lease.
    case listed
}

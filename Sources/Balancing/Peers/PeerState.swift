internal import Synchronization

/// What stays mutable of one peer of one service: it survives plan swaps and lives on for a while after the peer left.
///
/// Thread-safe: picks, reports and the control plane share it.
package final class PeerState: Sendable {
    /// The peer.
    package let address: PeerAddress
    /// When the peer appeared, in seconds since 1970.
    package let since: Double

    private struct Mutable {
        var picks = SecondRing()
        var outcomes = OutcomeStatistics()
        var totals = TrafficTotals()
        var evidence: Evidence?
        /// Whether outcomes are no evidence now: the peer is out of the pool already.
        var isEjected = false
        /// Whether a run of failures was pointed out that nobody has judged yet.
        var isAccused = false
        var answers: (any PeerAnswers)?

        mutating func freeEmptyEvidence(at second: UInt32) {
            if evidence?.isEmpty(at: second) == true { evidence = nil }
        }
    }

    private let mutable = Mutex(Mutable())

    /// Makes the state of a peer that has just appeared.
    package init(address: PeerAddress, since: Double) {
        self.address = address
        self.since = since
    }

    /// Adds the picks of one second.
    func recordPicks(_ count: UInt32, at second: UInt32) {
        mutable.withLock { mutable in
            mutable.picks.add(count, at: second)
            mutable.totals.addPicks(count)
        }
    }

    /// The picks of the `window` complete seconds before `second`; `window` is 1 to 60.
    package func picks(window: Int, before second: UInt32) -> UInt64 {
        mutable.withLock { $0.picks.sum(window: window, before: second) }
    }

    /// Counts an outcome, in the statistics and, while the peer is in the pool, as evidence.
    ///
    /// - Returns: whether it is the first one held; and a run of failures that is to be judged at once, `nil` also while the
    ///   last one waits for its judgement.
    func record(_ outcome: Outcome, at second: UInt32, settings: LogCheckSettings) -> (isFirst: Bool, finding: Finding?) {
        mutable.withLock { mutable in
            let isFirst = mutable.outcomes.isEmpty
            mutable.outcomes.record(outcome, at: second)
            mutable.totals.record(outcome)
            guard settings.isEnabled, !mutable.isEjected else { return (isFirst, nil) }
            if mutable.evidence?.fits(settings) != true { mutable.evidence = Evidence(settings: settings) }
            guard let finding = mutable.evidence?.record(outcome, at: second, settings: settings), !mutable.isAccused else { return (isFirst, nil) }
            mutable.isAccused = true
            return (isFirst, finding)
        }
    }

    /// The outcomes of the `window` complete seconds before `second`; `window` is 1 to 60.
    package func outcomes(window: Int, before second: UInt32) -> OutcomeCounts {
        mutable.withLock { $0.outcomes.counts(window: window, before: second) }
    }

    /// Adds what ``outcomes(window:before:)`` returns to counts of other peers.
    func addOutcomes(to counts: inout OutcomeCounts, window: Int, before second: UInt32) {
        mutable.withLock { $0.outcomes.add(to: &counts, window: window, before: second) }
    }

    /// Picks and outcomes since the peer's traffic began: freed, so counted from 0 again, after a minute without any.
    package var totals: TrafficTotals { mutable.withLock { $0.totals } }

    /// What log check finds in the evidence now.
    package func judge(at second: UInt32, settings: LogCheckSettings) -> Finding? {
        mutable.withLock { mutable in
            mutable.isAccused = false
            return mutable.evidence?.sweep(at: second, settings: settings)
        }
    }

    /// What the evidence counts now: requests and failures of the window, and the failures since the last success.
    package func evidenceCounts(at second: UInt32) -> (requests: UInt64, failures: UInt64, run: UInt64) {
        mutable.withLock { $0.evidence?.counts(at: second) ?? (0, 0, 0) }
    }

    /// Whether there is evidence in the window up to `second`, so that a sweep may find something.
    package func hasEvidence(at second: UInt32) -> Bool {
        mutable.withLock { mutable in
            mutable.freeEmptyEvidence(at: second)
            return mutable.evidence?.isIdle(at: second) == false
        }
    }

    /// Clears the evidence, because the peer was ejected or readmitted.
    package func setEjected(_ isEjected: Bool) {
        mutable.withLock { mutable in
            mutable.isEjected = isEjected
            mutable.isAccused = false
            mutable.evidence = nil
        }
    }

    /// The answers prepared for this peer at `weight`, made by `make` when there are none or the weight has changed.
    ///
    /// `make` runs under this peer's lock, so that a peer's answers are made once however many threads ask first.
    package func answers(weight: Double, make: () -> any PeerAnswers) -> any PeerAnswers {
        mutable.withLock { mutable in
            if let answers = mutable.answers, answers.weight == weight { return answers }
            let answers = make()
            mutable.answers = answers
            return answers
        }
    }

    /// Frees statistics and prepared answers when the peer had neither picks nor outcomes in the last minute before `second`.
    ///
    /// - Returns: whether nothing is held any more.
    func freeIfIdle(at second: UInt32) -> Bool {
        mutable.withLock { mutable in
            guard mutable.picks.isIdle(at: second), mutable.outcomes.isIdle(at: second) else { return false }
            mutable.picks = SecondRing()
            mutable.outcomes = OutcomeStatistics()
            mutable.totals = TrafficTotals()
            mutable.answers = nil
            mutable.freeEmptyEvidence(at: second)
            return true
        }
    }
}

/// Answers that the HTTP interface prepares once for a peer and keeps with its ``PeerState``.
package protocol PeerAnswers: AnyObject, Sendable {
    /// The configured weight that the answers show: another weight makes them out of date.
    var weight: Double { get }
}

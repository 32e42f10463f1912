internal import Synchronization

/// What stays mutable of one peer of one service: it survives plan swaps and lives on for a while after the peer left.
///
/// Thread-safe: picks, reports and the control plane share it.
package final class PeerState: Sendable {
    /// The peer.
    package let address: PeerAddress
    /// When the peer appeared, in seconds since 1970.
    package let since: Double

    /// How busy it is.
    let load = PeerLoad()

    private struct Mutable {
        var traffic: PeerTraffic?
        /// Whether outcomes are no evidence now: the peer is out of the pool already.
        var isEjected = false
        /// Whether a run of failures was pointed out that nobody has judged yet.
        var isAccused = false

        mutating func ensureTraffic() -> PeerTraffic {
            if let traffic { return traffic }
            let traffic = PeerTraffic()
            self.traffic = traffic
            return traffic
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
            let traffic = mutable.ensureTraffic()
            traffic.picks.add(count, at: second)
            traffic.totals.addPicks(count)
        }
    }

    /// The picks of the `window` complete seconds before `second`; `window` is 1 to 60.
    package func picks(window: Int, before second: UInt32) -> UInt64 {
        mutable.withLock { $0.traffic?.picks.sum(window: window, before: second) ?? 0 }
    }

    /// The outcomes of the `window` complete seconds before `second`; `window` is 1 to 60.
    package func outcomes(window: Int, before second: UInt32) -> OutcomeCounts {
        mutable.withLock { $0.traffic?.outcomes.counts(window: window, before: second) ?? OutcomeCounts() }
    }

    /// Adds what ``outcomes(window:before:)`` returns to counts of other peers.
    func addOutcomes(to counts: inout OutcomeCounts, window: Int, before second: UInt32) {
        mutable.withLock { $0.traffic?.outcomes.add(to: &counts, window: window, before: second) }
    }

    /// Picks and outcomes since the peer's traffic began: freed, so counted from 0 again, after a minute without any.
    package var totals: TrafficTotals { mutable.withLock { $0.traffic?.totals ?? TrafficTotals() } }

    /// The answer of a kind prepared for this peer at `weight`, made by `make` when there is none or the weight has changed.
    ///
    /// `make` runs under this peer's lock, so that an answer is made once however many threads ask first.
    package func answer(
        _ kind: PreparedAnswerKind,
        weight: Double,
        make: () -> any AnyObject & Sendable
    ) -> any AnyObject & Sendable {
        mutable.withLock { $0.ensureTraffic().answer(kind, weight: weight, make: make) }
    }

    /// Frees what is held of the peer's traffic when there was none in the last minute before `second`.
    ///
    /// - Returns: whether it was freed.
    func freeIfIdle(at second: UInt32) -> Bool {
        mutable.withLock { mutable in
            guard mutable.traffic?.isIdle(at: second) ?? true else { return false }
            mutable.traffic = mutable.traffic?.remainder(at: second)
            return true
        }
    }
}

// MARK: - Leases

extension PeerState {
    /// Notes picks of a lease.
    ///
    /// - Returns: their mark, for ``endLease(_:)``.
    func beginLease(_ count: UInt32) -> UInt64 {
        mutable.withLock { $0.ensureTraffic().leases.begin(count) }
    }

    /// Ends a lease.
    ///
    /// - Returns: how many of its picks came to nothing.
    func endLease(_ mark: UInt64) -> UInt32 {
        mutable.withLock { $0.traffic?.leases.expire(mark) ?? 0 }
    }
}

// MARK: - Evidence

extension PeerState {
    /// Counts an outcome, in the statistics and, while the peer is in the pool, as evidence.
    ///
    /// - Returns: whether it is the first one held; how many of its requests were picks of leases; and a run of failures that is to be judged
    ///   at once, `nil` also while the last one waits for its judgement.
    func record(_ outcome: Outcome, at second: UInt32, settings: LogCheckSettings) -> (isFirst: Bool, leased: UInt32, finding: Finding?) {
        mutable.withLock { mutable in
            let traffic = mutable.ensureTraffic()
            let isFirst = traffic.outcomes.isEmpty
            let leased = traffic.leases.end(outcome.count)
            traffic.outcomes.record(outcome, at: second)
            traffic.totals.record(outcome)
            guard settings.isEnabled, !mutable.isEjected else { return (isFirst, leased, nil) }
            if traffic.evidence?.fits(settings) != true { traffic.evidence = Evidence(settings: settings) }
            let finding = traffic.evidence?.record(outcome, at: second, settings: settings)
            guard finding != nil, !mutable.isAccused else { return (isFirst, leased, nil) }
            mutable.isAccused = true
            return (isFirst, leased, finding)
        }
    }

    /// What log check finds in the evidence now.
    package func judge(at second: UInt32, settings: LogCheckSettings) -> Finding? {
        mutable.withLock { mutable in
            mutable.isAccused = false
            mutable.traffic?.keepEvidence(for: settings)
            return mutable.traffic?.evidence?.sweep(at: second, settings: settings)
        }
    }

    /// What the evidence counts now: requests and failures of the window, and the failures since the last success.
    package func evidenceCounts(at second: UInt32, settings: LogCheckSettings) -> (requests: UInt64, failures: UInt64, run: UInt64) {
        mutable.withLock { mutable in
            mutable.traffic?.keepEvidence(for: settings)
            return mutable.traffic?.evidence?.counts(at: second) ?? (0, 0, 0)
        }
    }

    /// Whether there is evidence in the window up to `second`, so that a sweep may find something.
    package func hasEvidence(at second: UInt32) -> Bool {
        mutable.withLock { mutable in
            mutable.traffic?.freeEmptyEvidence(at: second)
            return mutable.traffic?.evidence?.isIdle(at: second) == false
        }
    }

    /// Clears the evidence, because the peer was ejected or readmitted.
    package func setEjected(_ isEjected: Bool) {
        mutable.withLock { mutable in
            mutable.isEjected = isEjected
            mutable.isAccused = false
            mutable.traffic?.evidence = nil
        }
    }
}

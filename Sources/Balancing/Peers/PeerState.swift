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
        var answers: (any PeerAnswers)?
    }

    private let mutable = Mutex(Mutable())

    /// Makes the state of a peer that has just appeared.
    package init(address: PeerAddress, since: Double) {
        self.address = address
        self.since = since
    }

    /// Adds the picks of one second.
    func recordPicks(_ count: UInt32, at second: UInt32) {
        mutable.withLock { $0.picks.add(count, at: second) }
    }

    /// The picks of the `window` complete seconds before `second`; `window` is 1 to 60.
    package func picks(window: Int, before second: UInt32) -> UInt64 {
        mutable.withLock { $0.picks.sum(window: window, before: second) }
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

    /// Frees statistics and prepared answers when the peer took no pick in the last minute before `second`.
    ///
    /// - Returns: whether nothing is held any more.
    func freeIfIdle(at second: UInt32) -> Bool {
        mutable.withLock { mutable in
            guard mutable.picks.isIdle(at: second) else { return false }
            mutable.picks = SecondRing()
            mutable.answers = nil
            return true
        }
    }
}

/// Answers that the HTTP interface prepares once for a peer and keeps with its ``PeerState``.
package protocol PeerAnswers: AnyObject, Sendable {
    /// The configured weight that the answers show: another weight makes them out of date.
    var weight: Double { get }
}

internal import Synchronization

/// What all peers of a service have outstanding together, and when it last heard of an outcome.
///
/// Thread-safe without a lock.
struct ServiceLoad: ~Copyable {
    /// For how many milliseconds an outcome tells that clients report.
    private static let memory: UInt64 = 10_000

    private let total = PeerLoad()
    /// The millisecond of the last outcome and one more; 0: there was none.
    private let lastOutcome = Atomic<UInt64>(0)

    /// Notes a pick of a peer as outstanding.
    @inline(__always)
    func begin(_ peer: PeerState, at now: Moment) {
        peer.load.begin(1, at: now)
        total.begin(1, at: now)
    }

    /// Takes an outcome of a peer.
    func end(_ peer: PeerState, _ outcome: Outcome, isFailure: Bool, at now: Moment) {
        _ = total.end(peer.load.end(Float(outcome.count), at: now), at: now)
        if let latency = outcome.latencyMilliseconds { peer.load.observe(Float(latency), isFailure: isFailure, at: now) }
        lastOutcome.store(now.milliseconds + 1, ordering: .relaxed)
    }

    /// Takes back picks of a peer that came to nothing.
    func takeBack(_ count: Float, of peer: PeerState, at now: Moment) {
        _ = total.takeBack(peer.load.takeBack(count, at: now), at: now)
    }

    /// What all peers have outstanding; `nil` when no outcome was reported lately, so that nobody knows.
    func outstanding(at now: Moment) -> Float? {
        let last = lastOutcome.load(ordering: .relaxed)
        guard last > 0, now.milliseconds + 1 < last + Self.memory else { return nil }
        return total.outstanding(at: now)
    }
}

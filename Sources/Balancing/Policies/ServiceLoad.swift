internal import Synchronization

/// What all peers of a service have outstanding together, and when it last heard of an outcome.
///
/// Thread-safe without a lock.
struct ServiceLoad: ~Copyable {
    /// How long an outcome is lately.
    private static let memory: UInt64 = 10_000

    private let total = PeerLoad()
    private let lastOutcome = Atomic<UInt64>(0)

    /// Notes a pick of a peer as outstanding.
    @inline(__always)
    func begin(_ peer: PeerState, at now: Moment) {
        peer.load.begin(1, at: now)
        total.begin(1, at: now)
    }

    /// Takes an outcome of a peer.
    func end(_ peer: PeerState, _ outcome: Outcome, isFailure: Bool, at now: Moment) {
        takeBack(Float(outcome.count), of: peer, at: now)
        if let latency = outcome.latencyMilliseconds { peer.load.observe(Float(latency), isFailure: isFailure, at: now) }
        lastOutcome.store(now.milliseconds + 1, ordering: .relaxed)
    }

    /// Takes back picks of a peer that came to nothing.
    func takeBack(_ count: Float, of peer: PeerState, at now: Moment) {
        total.end(peer.load.end(count, at: now), at: now)
    }

    /// What all peers have outstanding; `nil` when no outcome was reported lately, so that nobody knows.
    func outstanding(at now: Moment) -> Float? {
        let last = lastOutcome.load(ordering: .relaxed)
        guard last > 0, now.milliseconds <= last + Self.memory else { return nil }
        return total.outstanding(at: now)
    }
}

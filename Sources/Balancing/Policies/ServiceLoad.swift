internal import Synchronization

/// What all peers of a service have outstanding together, and when it last heard of an outcome.
///
/// Thread-safe without a lock.
struct ServiceLoad: ~Copyable {
    /// For how many milliseconds an outcome tells that clients report.
    private static let memory: UInt64 = 10_000

    /// The sum of what is recorded of the peers, as the bits of a `Float`. It goes with every change of a peer; what fades of one that does not change,
    /// or goes with one that leaves, is found by ``recount(_:at:)``.
    private let totalBits = Atomic(Float(0).bitPattern)
    /// The millisecond of the last outcome and one more; 0: there was none.
    private let lastOutcome = Atomic<UInt64>(0)
    /// The same of the last one that came with its latency.
    private let lastLatency = Atomic<UInt64>(0)

    /// Notes a pick of a peer as outstanding.
    @inline(__always)
    func begin(_ peer: PeerState, at now: Moment) {
        add(peer.load.begin(1, at: now))
    }

    /// Makes picks of a peer that have just begun those of a lease.
    func lease(_ count: UInt32, of peer: PeerState, at now: Moment) {
        add(peer.load.lease(count, at: now))
    }

    /// Takes an outcome of a peer.
    ///
    /// - Parameter leased: how many of its requests were picks of leases.
    func end(_ peer: PeerState, _ outcome: Outcome, leased: UInt32, isFailure: Bool, at now: Moment) {
        let latency = outcome.latencyMilliseconds.map { Float($0) }
        if leased > 0 { add(peer.load.endLeased(leased)) }
        if leased < outcome.count { add(peer.load.end(Float(outcome.count - leased), after: latency, at: now)) }
        if let latency, !isFailure { peer.load.observe(latency, at: now) }
        // Where nobody says how long anything takes, one that is known to be slow would stand out, and not for the worse.
        if isFailure, latency != nil || isRecent(lastLatency, at: now) { peer.load.observeFailure(latency, at: now) }
        lastOutcome.store(now.milliseconds + 1, ordering: .relaxed)
        if latency != nil { lastLatency.store(now.milliseconds + 1, ordering: .relaxed) }
    }

    /// Takes back picks of leases that came to nothing.
    func takeBack(_ leased: UInt32, of peer: PeerState) {
        add(peer.load.endLeased(leased))
    }

    /// Counts anew what the peers have outstanding that may be picked, while outcomes come.
    func recount(_ plan: Plan, at now: Moment) {
        guard outstanding(at: now) != nil else { return }
        let total = plan.members[..<plan.eligibleCount].reduce(0) { $0 + $1.state.load.outstanding(at: now) }
        totalBits.store(total.bitPattern, ordering: .relaxed)
    }

    private func add(_ change: Float) {
        var bits = totalBits.load(ordering: .relaxed)
        while true {
            let changed = Float(bitPattern: bits) + change
            let result = totalBits.weakCompareExchange(expected: bits, desired: changed.bitPattern, ordering: .relaxed)
            if result.exchanged { return }
            bits = result.original
        }
    }

    /// What all peers have outstanding; `nil` when no outcome was reported lately, so that nobody knows.
    func outstanding(at now: Moment) -> Float? {
        isRecent(lastOutcome, at: now) ? max(0, Float(bitPattern: totalBits.load(ordering: .relaxed))) : nil
    }

    private func isRecent(_ moment: borrowing Atomic<UInt64>, at now: Moment) -> Bool {
        let last = moment.load(ordering: .relaxed)
        return last > 0 && now.milliseconds + 1 < last + Self.memory
    }
}

internal import Synchronization

/// How busy and how fast a peer is, as picks and outcomes tell: counted where the policy of its service asks for it.
///
/// Thread-safe without a lock: each number changes in one step. A million peers hold one: sixteen bytes.
struct PeerLoad: ~Copyable {
    private let outstandingBits = Atomic(Outstanding().bits)
    private let latencyBits = Atomic(PeakLatency().bits)

    /// How many requests are under way.
    func outstanding(at moment: Moment) -> Float {
        Outstanding(bits: outstandingBits.load(ordering: .relaxed)).count(at: moment, latency: lastLatency(at: moment))
    }

    /// Adds picks.
    func begin(_ count: Float, at moment: Moment) {
        _ = change(at: moment) { $0.beginning(count, at: moment, latency: $1) }
    }

    /// Takes away requests that have ended; of more than there are, all.
    ///
    /// - Returns: how many were taken away.
    func end(_ count: Float, at moment: Moment) -> Float {
        change(at: moment) { $0.ending(count, at: moment, latency: $1) }
    }

    /// Takes away picks that came to nothing.
    ///
    /// - Returns: how many were taken away.
    func takeBack(_ count: Float, at moment: Moment) -> Float {
        change(at: moment) { $0.takingBack(count, at: moment, latency: $1) }
    }

    /// The latency to be expected, in milliseconds; `nil`: unknown.
    func latency(at moment: Moment) -> Float? {
        PeakLatency(bits: latencyBits.load(ordering: .relaxed)).milliseconds(at: moment)
    }

    /// Takes a latency that was reported.
    func observe(_ milliseconds: Float, isFailure: Bool, at moment: Moment) {
        var current = latencyBits.load(ordering: .relaxed)
        while true {
            let observed = PeakLatency(bits: current).observing(milliseconds, isFailure: isFailure, at: moment)
            let result = latencyBits.weakCompareExchange(expected: current, desired: observed.bits, ordering: .relaxed)
            if result.exchanged { return }
            current = result.original
        }
    }

    /// Changes what is outstanding.
    ///
    /// - Returns: by how much it has become less.
    private func change(at moment: Moment, _ body: (_ current: Outstanding, _ latency: Float?) -> Outstanding) -> Float {
        let latency = lastLatency(at: moment)
        var bits = outstandingBits.load(ordering: .relaxed)
        while true {
            let current = Outstanding(bits: bits)
            let changed = body(current, latency)
            let result = outstandingBits.weakCompareExchange(expected: bits, desired: changed.bits, ordering: .relaxed)
            guard !result.exchanged else { return current.count(at: moment, latency: latency) - changed.count(at: moment, latency: latency) }
            bits = result.original
        }
    }

    private func lastLatency(at moment: Moment) -> Float? {
        PeakLatency(bits: latencyBits.load(ordering: .relaxed)).last(at: moment)
    }
}

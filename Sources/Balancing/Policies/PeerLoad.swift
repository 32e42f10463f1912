internal import Synchronization

/// How busy and how fast a peer is, as picks and outcomes tell: counted where the policy of its service asks for it.
///
/// Thread-safe without a lock: each number changes in one step. A million peers hold one: sixteen bytes.
struct PeerLoad: ~Copyable {
    private let outstandingBits = Atomic(Outstanding().bits)
    private let latencyBits = Atomic(PeakLatency().bits)

    /// How many requests are under way.
    func outstanding(at moment: Moment) -> Float {
        Outstanding(bits: outstandingBits.load(ordering: .relaxed)).count(at: moment)
    }

    /// Adds requests that have begun.
    func begin(_ count: Float, at moment: Moment) {
        change(outstandingBits) { Outstanding(bits: $0).adding(count, at: moment).bits }
    }

    /// Takes away requests that have ended; of more than there are, all.
    ///
    /// - Returns: how many were taken away.
    @discardableResult
    func end(_ count: Float, at moment: Moment) -> Float {
        let before = change(outstandingBits) { Outstanding(bits: $0).adding(-count, at: moment).bits }
        return min(count, Outstanding(bits: before).count(at: moment))
    }

    /// The latency to be expected, in milliseconds; `nil`: unknown.
    func latency(at moment: Moment) -> Float? {
        PeakLatency(bits: latencyBits.load(ordering: .relaxed)).milliseconds(at: moment)
    }

    /// Takes a latency that was reported.
    func observe(_ milliseconds: Float, isFailure: Bool, at moment: Moment) {
        change(latencyBits) { PeakLatency(bits: $0).observing(milliseconds, isFailure: isFailure, at: moment).bits }
    }

    /// - Returns: what was there before.
    @discardableResult
    private func change(_ bits: borrowing Atomic<UInt64>, _ body: (UInt64) -> UInt64) -> UInt64 {
        var current = bits.load(ordering: .relaxed)
        while true {
            let result = bits.weakCompareExchange(expected: current, desired: body(current), ordering: .relaxed)
            if result.exchanged { return current }
            current = result.original
        }
    }
}

internal import Synchronization

/// How busy and how fast a peer is, as picks and outcomes tell: counted where the policy of its service asks for it.
///
/// Thread-safe without a lock: each number changes in one step. A million peers hold one: twenty bytes.
struct PeerLoad: ~Copyable {
    private let outstandingBits = Atomic(Outstanding().bits)
    private let latencyBits = Atomic(PeakLatency().bits)
    /// Picks of leases that have neither had their outcomes nor come to nothing: they do not fade.
    private let leased = Atomic<UInt32>(0)

    /// How many requests are under way.
    func outstanding(at moment: Moment) -> Float {
        Outstanding(bits: outstandingBits.load(ordering: .relaxed)).count(at: moment, peakLatency) + Float(leased.load(ordering: .relaxed))
    }

    /// Adds picks.
    ///
    /// - Returns: by how much what is recorded has grown, for the sum over all peers: it has also lost what had faded since its last change.
    func begin(_ count: Float, at moment: Moment) -> Float {
        change { $0.beginning(count, at: moment, $1) }
    }

    /// Takes away picks that have had their outcomes, or have come to nothing, some milliseconds after they were made if that is known; of more than
    /// there are, all.
    ///
    /// - Returns: as ``begin(_:at:)``.
    func end(_ count: Float, after age: Float?, at moment: Moment) -> Float {
        change { $0.ending(count, after: age, at: moment, $1) }
    }

    /// Makes picks that have just begun those of a lease.
    ///
    /// - Returns: as ``begin(_:at:)``.
    func lease(_ count: UInt32, at moment: Moment) -> Float {
        leased.add(count, ordering: .relaxed)
        return Float(count) + begin(-Float(count), at: moment)
    }

    /// Takes away picks of leases.
    ///
    /// - Returns: as ``begin(_:at:)``.
    func endLeased(_ count: UInt32) -> Float {
        leased.subtract(count, ordering: .relaxed)
        return -Float(count)
    }

    /// The latency to be expected, in milliseconds; `nil`: unknown.
    func latency(at moment: Moment) -> Float? {
        peakLatency.milliseconds(at: moment)
    }

    /// Takes the latency of a success that was reported.
    func observe(_ milliseconds: Float, at moment: Moment) {
        changeLatency { $0.observing(milliseconds, at: moment) }
    }

    /// Takes a failure that was reported, with its latency if that is known.
    func observeFailure(_ milliseconds: Float?, at moment: Moment) {
        changeLatency { $0.observingFailure(milliseconds, at: moment) }
    }

    private func changeLatency(_ body: (PeakLatency) -> PeakLatency) {
        var current = latencyBits.load(ordering: .relaxed)
        while true {
            let observed = body(PeakLatency(bits: current))
            let result = latencyBits.weakCompareExchange(expected: current, desired: observed.bits, ordering: .relaxed)
            if result.exchanged { return }
            current = result.original
        }
    }

    /// Changes what is outstanding.
    ///
    /// - Returns: by how much what is recorded has grown.
    private func change(_ body: (_ current: Outstanding, _ latency: PeakLatency) -> Outstanding) -> Float {
        let latency = peakLatency
        var bits = outstandingBits.load(ordering: .relaxed)
        while true {
            let current = Outstanding(bits: bits)
            let changed = body(current, latency)
            let result = outstandingBits.weakCompareExchange(expected: bits, desired: changed.bits, ordering: .relaxed)
            guard !result.exchanged else { return changed.count - current.count }
            bits = result.original
        }
    }

    private var peakLatency: PeakLatency { PeakLatency(bits: latencyBits.load(ordering: .relaxed)) }
}

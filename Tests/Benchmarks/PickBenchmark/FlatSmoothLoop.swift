internal import Balancing
internal import Synchronization

/// The textbook loop over flat arrays of weights: the most that can be made of O(n), which neither nginx nor the seed does.
final class FlatSmoothLoop: Sendable {
    private struct Weights {
        let effective: [Int32]
        var current: [Int32]
        let total: Int32
    }

    private let states: [PeerState]
    private let weights: Mutex<Weights>

    init(_ members: [PlanMember]) {
        let effective = members.map { Int32($0.weight) }
        states = members.map(\.state)
        weights = Mutex(Weights(effective: effective, current: effective.map { _ in 0 }, total: effective.reduce(0, +)))
    }

    /// The next peer.
    func pick() -> PeerState? {
        let best = weights.withLock { weights in
            let total = weights.total
            // Bounds are checked once, not at each peer.
            return weights.effective.withUnsafeBufferPointer { effective in
                weights.current.withUnsafeMutableBufferPointer { current -> Int? in
                    var best: Int?
                    var bestWeight = Int32.min
                    for index in 0..<min(effective.count, current.count) {
                        current[index] &+= effective[index]
                        if current[index] > bestWeight {
                            best = index
                            bestWeight = current[index]
                        }
                    }
                    if let best { current[best] &-= total }
                    return best
                }
            }
        }
        return best.map { states[$0] }
    }

    /// Picks `count` peers one by one.
    @inline(never)
    func pickRepeatedly(_ count: Int) {
        for _ in 0..<count {
            guard pick() != nil else { fatalError("no peer can be picked") }
        }
    }
}

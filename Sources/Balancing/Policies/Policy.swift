/// How a peer is chosen among those that may be picked.
package enum Policy: String, Sendable, CaseIterable {
    /// In turn, by weight, as evenly as possible.
    case weightedRoundRobin = "weighted_round_robin"
    /// By weight, at random.
    case random
    /// The peer with the fewest requests outstanding for its weight.
    case leastOutstanding = "least_outstanding"
    /// Of two random peers the one with the lower latency times load.
    case peakEWMA = "peak_ewma"
    /// By a hash of the request's key, so that equal keys go to the same peer.
    case consistentHash = "consistent_hash"

    /// Whether choosing looks at what peers have outstanding.
    var needsLoad: Bool {
        switch self {
        case .leastOutstanding, .peakEWMA, .consistentHash: true
        case .weightedRoundRobin, .random: false
        }
    }
}

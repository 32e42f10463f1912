extension Configuration {
    /// How a peer is chosen among the eligible ones.
    package enum Policy: String, Sendable, CaseIterable {
        /// Smooth weighted round robin.
        case weightedRoundRobin = "weighted_round_robin"
        /// By weight, at random.
        case random
        /// The peer with the fewest picks without an outcome.
        case leastOutstanding = "least_outstanding"
        /// Two choices, the one with the lower latency times load.
        case peakEWMA = "peak_ewma"
        /// By a hash of the request's key.
        case consistentHash = "consistent_hash"
    }
}

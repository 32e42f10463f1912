/// How far what peers get is off what their weights say.
enum ShareError {
    /// The largest difference between a peer's share by weight and by parts, in relation to the larger of the two: 0 when they are the same,
    /// 1 for a peer without parts.
    static func largest(weights: [Double], parts: [Double]) -> Double {
        let (weightSum, partSum) = (weights.reduce(0, +), parts.reduce(0, +))
        let error = zip(weights, parts).reduce(0.0) { largest, peer in
            let (byWeight, byParts) = (peer.0 / weightSum, peer.1 / partSum)
            return max(largest, abs(byParts - byWeight) / max(byParts, byWeight))
        }
        return error < 1e-9 ? 0 : error
    }
}

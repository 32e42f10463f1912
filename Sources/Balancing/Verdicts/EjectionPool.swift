/// The candidates of one service in numbers, as far as they limit ejections. A pure value.
package struct EjectionPool: Sendable {
    /// Peers that would be picked if all were well.
    private var candidates = 0
    /// Those of them that are out already: unhealthy, ejected, or both.
    private var out = 0
    /// Those of them that may be picked: neither out nor waiting for a first check.
    private var eligible = 0

    /// Makes a pool of nobody.
    package init() {}

    /// Adds a candidate of which this is said and which may be picked or not.
    package mutating func add(_ verdict: ShownVerdict?, isEligible: Bool) {
        candidates += 1
        if verdict?.isEligible == false { out += 1 }
        if isEligible { eligible += 1 }
    }

    /// Takes a candidate out, unless too many are out or it is the last one that may be picked.
    ///
    /// - Parameters:
    ///   - isOut: whether it is out already, so that one more ejection changes no number.
    ///   - isEligible: whether it may be picked.
    /// - Returns: why it stays; `nil` when it does not.
    mutating func eject(isOut: Bool, isEligible: Bool, maxEjected: Double) -> String? {
        guard !isOut else { return nil }
        // A product such as 0.29 x 100 comes out a little below the whole number that it is.
        let limit = Int(maxEjected * Double(candidates) + 1e-9)
        if isEligible, eligible <= 1 { return "it is the last eligible peer" }
        guard out < limit else { return "\(out) of \(candidates) candidates are out, max_ejected allows \(limit)" }
        out += 1
        if isEligible { eligible -= 1 }
        return nil
    }
}

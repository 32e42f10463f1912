/// How often what is said of a service's peers has changed, for counters that only grow.
package struct TransitionTotals: Sendable {
    /// How often a peer became of each health that one became.
    package private(set) var changes: [Health: UInt64] = [:]
    /// How often a peer was not ejected because too many were out already.
    package private(set) var refusals: UInt64 = 0

    /// Makes totals of nothing.
    package init() {}

    mutating func record(_ transition: Transition) {
        if transition.from == transition.to {
            refusals += 1
        } else {
            changes[transition.to, default: 0] += 1
        }
    }
}

/// How several sources become one. What the state file holds of a source that has not delivered yet counts after all others.
package enum Combine: String, Sendable, CaseIterable {
    /// The union: for a peer in several sources the earlier source's whole value wins.
    case merge
    /// For each service the first source that holds a valid peer of it, whatever its health.
    case first
}

/// One change of what is said of a peer, or a change that was refused.
package struct Transition: Sendable, Equatable {
    /// The peer.
    package let peer: PeerAddress
    /// What was said before.
    package let from: Health
    /// What is said now; the same as before when an ejection was refused.
    package let to: Health
    /// Why.
    package let reason: String
    /// What log check found, where it is the cause.
    package var finding: Finding?
}

package import Balancing

/// One change of what is said of a peer, as operators see it.
package struct Event: Sendable {
    /// The place of the event in the process's counter of changes.
    package let index: UInt64
    /// When it happened, in seconds since 1970.
    package let at: Double
    /// The service.
    package let service: String
    /// What changed, and why.
    package let transition: Transition
}

/// What is said of a peer's health.
package enum Health: String, Sendable {
    /// Not probed yet, or never.
    case unchecked
    /// The active check passes.
    case healthy
    /// The active check fails.
    case unhealthy
    /// Log check has taken it out of the pool.
    case ejected
}

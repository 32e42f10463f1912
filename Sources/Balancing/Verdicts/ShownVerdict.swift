/// What is said of one peer when a plan is compiled: shared by the plans that follow, until it changes.
package final class ShownVerdict: Sendable {
    /// The health to show.
    package let health: Health
    /// Why it is not picked; empty when it may be.
    package let reason: String
    /// When its health last changed, in seconds since 1970; `nil`: never.
    package let since: Double?
    /// What active checks say; `nil`: nothing.
    package let activeIsHealthy: Bool?
    /// The ejection, while there is one.
    package let ejection: Ejection?

    init(health: Health, reason: String, since: Double?, activeIsHealthy: Bool?, ejection: Ejection?) {
        self.health = health
        self.reason = reason
        self.since = since
        self.activeIsHealthy = activeIsHealthy
        self.ejection = ejection
    }

    /// Whether a peer of this health may be picked.
    package var isEligible: Bool { ejection == nil && activeIsHealthy != false }
}

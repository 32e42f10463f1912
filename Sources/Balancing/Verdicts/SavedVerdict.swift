/// What outlives a restart of the verdicts on one peer. Times are seconds since 1970, since a monotonic clock ends with its machine.
package struct SavedVerdict: Codable, Sendable, Equatable {
    /// When its health last changed; `nil`: never.
    package var since: Double?
    /// What active checks said; `nil`: nothing.
    package var isHealthy: Bool?
    /// Why they speak against it; `nil` when they do not.
    package var reason: String?
    /// When its ejection ends; `nil`: it is in the pool.
    package var ejectedUntil: Double?
    /// What it was ejected for.
    package var finding: Finding?
    /// How often it was ejected lately; `nil`: never.
    package var ejections: Int?
    /// When it last came back into the pool; `nil` while it is ejected.
    package var readmitted: Double?

    private enum CodingKeys: String, CodingKey {
        case since, isHealthy = "healthy", reason, ejectedUntil = "ejected_until", finding, ejections, readmitted
    }
}

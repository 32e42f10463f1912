/// What active checks say of one peer: the first result decides at once, later ones by `rise` and `fall`.
struct ActiveVerdict: Sendable {
    /// `nil` until the first result.
    private(set) var isHealthy: Bool?
    /// Why it is unhealthy; empty otherwise.
    private(set) var reason = ""
    private var streak = 0

    /// Makes a verdict of nothing.
    init() {}

    /// Makes a verdict that was reached before.
    init(isHealthy: Bool?, reason: String) {
        self.isHealthy = isHealthy
        self.reason = reason
    }

    /// Takes a result.
    ///
    /// - Returns: whether the verdict has changed.
    mutating func record(_ result: CheckResult, settings: HealthCheckSettings) -> Bool {
        let passes = result.passes(settings.okStatuses)
        guard let isHealthy else {
            decide(passes, result)
            return true
        }
        guard passes != isHealthy else {
            streak = 0
            return false
        }
        streak += 1
        guard streak >= (passes ? settings.rise : settings.fall) else { return false }
        decide(passes, result)
        return true
    }

    private mutating func decide(_ isHealthy: Bool, _ result: CheckResult) {
        self.isHealthy = isHealthy
        reason = isHealthy ? "" : "check failed: \(result.description)"
        streak = 0
    }
}

/// How often a line may be logged: once in ten seconds, the others are counted.
struct LineLimit {
    private static let interval = Duration.seconds(10)

    private var nextLine: ContinuousClock.Instant?
    private var suppressed = 0

    /// Says whether a line may be logged now.
    ///
    /// - Returns: how many were suppressed since the last one that was logged; `nil`: this one is suppressed too.
    mutating func admit(at now: ContinuousClock.Instant) -> Int? {
        if let nextLine, now < nextLine {
            suppressed += 1
            return nil
        }
        nextLine = now + Self.interval
        defer { suppressed = 0 }
        return suppressed
    }
}

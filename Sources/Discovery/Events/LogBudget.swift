/// How many lines about peers are logged: at most 20 a second, the rest is counted. A pure value; the caller gives the time.
struct LogBudget {
    typealias Instant = ContinuousClock.Instant

    private static let linesPerInterval = 20
    private static let interval = Duration.seconds(1)

    private var intervalEnd: Instant?
    private var lines = 0
    private var suppressed = 0

    /// Asks for a line.
    ///
    /// - Returns: how many lines were suppressed since the last one that was written; `nil`: this one is to be suppressed too.
    mutating func take(at now: Instant) -> Int? {
        if intervalEnd.map({ $0 <= now }) ?? true {
            intervalEnd = now + Self.interval
            lines = 0
        }
        guard lines < Self.linesPerInterval else {
            suppressed += 1
            return nil
        }
        lines += 1
        defer { suppressed = 0 }
        return suppressed
    }
}

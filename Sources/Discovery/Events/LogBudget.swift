/// How many lines of one kind are logged: a number in an interval, the rest is counted. A pure value; the caller gives the time.
struct LogBudget {
    typealias Instant = ContinuousClock.Instant

    private let linesPerInterval: Int
    private let interval: Duration
    private var intervalEnd: Instant?
    private var lines = 0
    private var suppressed = 0

    /// Makes a budget; by default it is that of lines about peers, 20 a second.
    init(lines: Int = 20, per interval: Duration = .seconds(1)) {
        self.linesPerInterval = lines
        self.interval = interval
    }

    /// Asks for a line.
    ///
    /// - Returns: how many lines were suppressed since the last one that was written; `nil`: this one is to be suppressed too.
    mutating func take(at now: Instant) -> Int? {
        if intervalEnd.map({ $0 <= now }) ?? true {
            intervalEnd = now + interval
            lines = 0
        }
        guard lines < linesPerInterval else {
            suppressed += 1
            return nil
        }
        lines += 1
        defer { suppressed = 0 }
        return suppressed
    }
}

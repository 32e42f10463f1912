/// Which outcomes are failures: every error, and the statuses that `log_check.failure_status` names.
///
/// One bit for each status: asking costs a shift.
package struct FailureRule: Sendable, Equatable {
    // Statuses 0 to 639, 64 a word.
    private var words: [UInt64]

    /// The default rule: 500 to 599.
    package static let serverErrors = FailureRule { 500...599 ~= $0 }

    /// Makes a rule from a predicate over the statuses 100 to 599.
    package init(isFailure: (Int) -> Bool) {
        words = Array(repeating: 0, count: 10)
        for status in 100...599 where isFailure(status) { words[status / 64] |= 1 << UInt64(status % 64) }
    }

    /// Whether an outcome with this result is a failure.
    package func isFailure(_ result: Outcome.Result) -> Bool {
        switch result {
        case .error: true
        case .status(let status): words[Int(status) / 64] & (1 << UInt64(status % 64)) != 0
        }
    }
}

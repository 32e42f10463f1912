/// What log check has against one peer: the outcomes of its window, and the failures since its last success.
///
/// A pure value. Every outcome costs constant time. Reporters are told apart only where more than one has to agree.
package struct Evidence: Sendable {
    /// How many reporters are told apart; the rest count as one.
    private static let reporterLimit = 64
    /// The name under which the rest counts.
    private static let others = ""

    private var window: OutcomeWindow
    private var run: UInt64 = 0
    private var runReporters: Set<String> = []
    private var reporters: [String: OutcomeWindow] = [:]

    /// Makes evidence of nothing.
    package init(settings: LogCheckSettings) {
        window = OutcomeWindow(seconds: settings.window)
    }

    /// Whether it was made for a window of this length.
    package func fits(_ settings: LogCheckSettings) -> Bool { window.seconds == settings.window }

    /// Whether nothing of the window up to `second` is held.
    package mutating func isEmpty(at second: UInt32) -> Bool {
        window.advance(to: second)
        return window.requests == 0 && run == 0
    }

    /// Requests and failures of the window up to `second`, and the failures in a row.
    mutating func counts(at second: UInt32) -> (requests: UInt64, failures: UInt64, run: UInt64) {
        window.advance(to: second)
        return (window.requests, window.failures, run)
    }

    /// Forgets everything: the peer was ejected or readmitted.
    package mutating func clear() {
        self = Evidence(window: OutcomeWindow(seconds: window.seconds))
    }

    private init(window: OutcomeWindow) {
        self.window = window
    }

    /// Adds an outcome.
    ///
    /// - Returns: what it proves at once: a run of failures that is long enough. An outcome that stands for many adds one to a run.
    package mutating func record(_ outcome: Outcome, at second: UInt32, settings: LogCheckSettings) -> Finding? {
        let isFailure = settings.failures.isFailure(outcome.result)
        window.add(UInt64(outcome.count), isFailure: isFailure, at: second)
        let reporter = settings.minReporters > 1 ? name(outcome.reporter, at: second) : Self.others
        if settings.minReporters > 1 {
            reporters[reporter, default: OutcomeWindow(seconds: window.seconds)].add(UInt64(outcome.count), isFailure: isFailure, at: second)
        }
        guard isFailure else {
            run = 0
            runReporters = []
            return nil
        }
        run += 1
        if settings.minReporters > 1, runReporters.count < Self.reporterLimit { runReporters.insert(reporter) }
        return isRunLongEnough(settings) ? finding(.consecutiveFailures) : nil
    }

    /// What a sweep finds: too large a share of failures, also without the reporters that report most of them.
    package mutating func sweep(at second: UInt32, settings: LogCheckSettings) -> Finding? {
        window.advance(to: second)
        guard isRatioExceeded(window.requests, window.failures, settings) else { return nil }
        if settings.minReporters > 1 {
            forgetReporters(at: second)
            let worst = reporters.values.sorted { $0.failures > $1.failures }.prefix(settings.minReporters - 1)
            let requests = worst.reduce(window.requests) { $0 - min($0, $1.requests) }
            let failures = worst.reduce(window.failures) { $0 - min($0, $1.failures) }
            guard isRatioExceeded(requests, failures, settings) else { return nil }
        }
        return finding(.failureRatio)
    }

    private func isRatioExceeded(_ requests: UInt64, _ failures: UInt64, _ settings: LogCheckSettings) -> Bool {
        requests >= settings.minRequests && requests > 0 && Double(failures) / Double(requests) > settings.failureRatio
    }

    /// At a high rate five failures in a row happen to healthy peers: a run is as long as a quarter of a second's requests.
    private func isRunLongEnough(_ settings: LogCheckSettings) -> Bool {
        settings.consecutiveFailures > 0 && run >= settings.consecutiveFailures
            && Double(run) >= Double(window.requests) / Double(window.seconds) / 4
            && (settings.minReporters <= 1 || runReporters.count >= settings.minReporters)
    }

    private func finding(_ rule: Finding.Rule) -> Finding {
        Finding(rule: rule, requests: window.requests, failures: window.failures, run: run, window: window.seconds)
    }

    private mutating func name(_ reporter: String, at second: UInt32) -> String {
        if reporters[reporter] != nil || reporters.count < Self.reporterLimit { return reporter }
        forgetReporters(at: second)
        return reporters.count < Self.reporterLimit ? reporter : Self.others
    }

    private mutating func forgetReporters(at second: UInt32) {
        for name in reporters.keys { reporters[name]?.advance(to: second) }
        reporters = reporters.filter { $0.value.requests > 0 }
    }
}

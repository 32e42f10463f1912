/// What log check has against one peer: the outcomes of its window, and the failures since its last success.
///
/// A pure value. Every outcome costs constant time. Reporters are told apart only where more than one has to agree.
package struct Evidence: Sendable {
    /// How many reporters are told apart; the rest count as one.
    static let reporterLimit = 64
    /// What stands for a reporter: names may be long, and there are many.
    private typealias Reporter = Int
    /// What stands for the rest.
    private static let others: Reporter = 0

    private var window: OutcomeWindow
    private var run: UInt64 = 0
    /// Whether more than one reporter has to agree; where not, what follows stays empty.
    private let tellsReportersApart: Bool
    /// How much of the run each reporter reported.
    private var runReporters: [Reporter: UInt64] = [:]
    private var reporters: [Reporter: OutcomeWindow] = [:]
    /// When reporters without outcomes in the window were last forgotten.
    private var lastForgetting: UInt32 = 0

    /// Makes evidence of nothing.
    package init(settings: LogCheckSettings) {
        window = OutcomeWindow(seconds: settings.window)
        tellsReportersApart = settings.minReporters > 1
    }

    /// Whether it was made for settings that ask for the same records as these.
    package func fits(_ settings: LogCheckSettings) -> Bool {
        window.seconds == settings.window && tellsReportersApart == (settings.minReporters > 1)
    }

    /// Whether the window up to `second` holds nothing, so that no sweep can find anything.
    package mutating func isIdle(at second: UInt32) -> Bool {
        window.advance(to: second)
        guard window.sum.requests == 0 else { return false }
        reporters = [:]
        return true
    }

    /// Whether nothing at all is held: there is no open run of failures either, which has no end in time.
    package mutating func isEmpty(at second: UInt32) -> Bool { isIdle(at: second) && run == 0 }

    /// Adds an outcome.
    ///
    /// - Returns: what it proves at once: a run of failures that is long enough, which is at least `consecutive_failures` and a quarter of the
    ///   requests a second over the window. An outcome that stands for many adds one to a run.
    package mutating func record(_ outcome: Outcome, at second: UInt32, settings: LogCheckSettings) -> Finding? {
        let isFailure = outcome.result.isFailure(settings.failureStatuses)
        window.add(outcome.count, isFailure: isFailure, at: second)
        let reporter = tellsReportersApart ? self.reporter(outcome.reporter, at: second) : Self.others
        if tellsReportersApart {
            reporters[reporter, default: OutcomeWindow(seconds: window.seconds)].add(outcome.count, isFailure: isFailure, at: second)
        }
        guard isFailure else {
            run = 0
            runReporters = [:]
            return nil
        }
        run += 1
        if tellsReportersApart {
            // A run may outlast any number of windows, and so of names.
            let isNamed = runReporters[reporter] != nil || runReporters.count < Self.reporterLimit
            runReporters[isNamed ? reporter : Self.others, default: 0] += 1
        }
        return isRunLongEnough(settings) ? finding(.consecutiveFailures) : nil
    }

    /// What a sweep finds: too large a share of failures, also without the reporters that report most of them.
    package mutating func sweep(at second: UInt32, settings: LogCheckSettings) -> Finding? {
        window.advance(to: second)
        var counts = window.sum
        guard isRatioExceeded(counts, settings) else { return nil }
        if tellsReportersApart {
            // The outcomes may be ahead of the sweep's clock: what the reporters are taken off must be of the same seconds.
            forgetReporters(at: window.newest)
            // Of two with as many failures the one with the worse ratio, so that the verdict does not depend on their order.
            let worst = reporters.values.map(\.sum).sorted { ($0.failures, $1.requests) > ($1.failures, $0.requests) }
            for reporter in worst.prefix(settings.minReporters - 1) { counts -= reporter }
            guard isRatioExceeded(counts, settings) else { return nil }
        }
        return finding(.failureRatio)
    }

    /// Requests and failures of the window up to `second`, and the failures in a row.
    mutating func counts(at second: UInt32) -> (requests: UInt64, failures: UInt64, run: UInt64) {
        window.advance(to: second)
        return (window.sum.requests, window.sum.failures, run)
    }

    private func isRatioExceeded(_ counts: OutcomeWindow.Counts, _ settings: LogCheckSettings) -> Bool {
        counts.requests >= max(1, settings.minRequests) && Double(counts.failures) / Double(counts.requests) > settings.failureRatio
    }

    /// At a high rate five failures in a row happen to healthy peers: a run is as long as a quarter of a second's requests. It has to
    /// be that long without the reporters that added most to it too, or one that lies would only have to wait for one honest failure.
    private func isRunLongEnough(_ settings: LogCheckSettings) -> Bool {
        guard settings.consecutiveFailures > 0 else { return false }
        let needed = max(Double(settings.consecutiveFailures), Double(window.sum.requests) / Double(window.seconds) / 4)
        guard Double(run) >= needed else { return false }
        guard tellsReportersApart else { return true }
        let worst = runReporters.values.sorted(by: >).prefix(settings.minReporters - 1).reduce(0, +)
        return Double(run - worst) >= needed
    }

    private func finding(_ rule: Finding.Rule) -> Finding {
        Finding(rule: rule, requests: window.sum.requests, failures: window.sum.failures, run: run, window: window.seconds)
    }

    /// What a reporter's outcomes count under: its own while there is room for it.
    private mutating func reporter(_ name: String, at second: UInt32) -> Reporter {
        let reporter = name.isEmpty ? Self.others : name.hashValue
        if reporters[reporter] != nil { return reporter }
        // Names come free as seconds pass: looking for them once a second keeps an outcome cheap however many reporters there are.
        if namedCount == Self.reporterLimit, second > lastForgetting { forgetReporters(at: second) }
        return namedCount < Self.reporterLimit ? reporter : Self.others
    }

    private var namedCount: Int { reporters.count - (reporters[Self.others] == nil ? 0 : 1) }

    private mutating func forgetReporters(at second: UInt32) {
        lastForgetting = second
        for name in reporters.keys { reporters[name]?.advance(to: second) }
        reporters = reporters.filter { $0.value.sum.requests > 0 }
    }
}

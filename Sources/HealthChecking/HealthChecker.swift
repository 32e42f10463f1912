package import Balancing
package import HTTPTransport
import Synchronization

/// Active checks: probes every target of every service in its rhythm and hands over what it saw.
///
/// `run` does the work, in one task. The probes run on the thread of an HTTP client of its own, so that they hold up nobody's streams. Every 10 ms at most,
/// it starts the probes that are due and hands over in one batch the results that have arrived; without work it sleeps.
package final class HealthChecker: Sendable {
    /// Takes results, in the order in which they arrived. While it runs, no probe starts: what is slow to take results gets them late, and no more.
    package typealias Handler = @Sendable ([CheckedResult]) async -> Void

    /// How many probes run at a time, if nothing else is said.
    package static let defaultConcurrency = 256

    private static let pause = Duration.milliseconds(10)

    private let client: HTTPClient
    private let concurrency: Atomic<Int>
    private let inbox = CheckInbox()
    private let handler: Handler
    private let lastStatistics = Mutex(CheckStatistics())

    /// Makes a checker, which probes nothing before `run`.
    ///
    /// - Parameters:
    ///   - concurrency: how many probes run at a time; further ones wait, and that is lateness and not failure.
    ///   - handler: takes the results.
    package init(concurrency: Int = HealthChecker.defaultConcurrency, handler: @escaping Handler) throws(HTTPTransportError) {
        // Probes that wait for a connection within the client would spend their time there: the schedule alone limits them.
        client = try HTTPClient(configuration: .init(userAgent: "lookaside-check", maximumHostConnections: 0, maximumConnections: 0))
        self.concurrency = Atomic(concurrency)
        self.handler = handler
    }

    /// Says what a service wants probed, in place of what it said before; an empty list removes it.
    ///
    /// Returns at once; what is said last holds. After a removal a result that was on its way may still arrive, if it was handed over at that moment.
    ///
    /// - Parameters:
    ///   - targets: its peers; those with an empty URL are left out.
    ///   - settings: interval, timeout, jitter and whether it is checked at all; statuses and thresholds are for whoever judges the results.
    ///   - isColdStart: whether its targets are spread over the interval; else those that it did not have are probed at once.
    package func setTargets(of service: String, _ targets: [CheckedPeer], settings: HealthCheckSettings, isColdStart: Bool) {
        inbox.put(CheckInbox.Wish(targets: targets, settings: settings, isColdStart: isColdStart), of: service)
    }

    /// Changes how many probes run at a time; those that run already go on.
    package func setConcurrency(_ concurrency: Int) {
        self.concurrency.store(concurrency, ordering: .relaxed)
    }

    /// What was done so far, as of the last time that anything was.
    package var statistics: CheckStatistics {
        lastStatistics.withLock { $0 }
    }

    /// Checks until the task is cancelled, then ends the probes in flight without results. To be called once.
    package func run() async {
        var schedule = CheckSchedule(concurrency: concurrency.load(ordering: .relaxed))
        var generator = SystemRandomNumberGenerator()
        while !Task.isCancelled {
            let (wishes, findings) = inbox.take()
            let now = ContinuousClock.now
            schedule.concurrency = concurrency.load(ordering: .relaxed)
            for (service, wish) in wishes {
                schedule.setTargets(
                    of: service,
                    wish.targets,
                    settings: wish.settings,
                    isColdStart: wish.isColdStart,
                    at: now,
                    using: &generator
                )
            }
            var results: [CheckedResult] = []
            for finding in findings {
                results += schedule.finish(finding.id, schedule.statistics.result(of: finding), at: now, using: &generator)
            }
            for start in schedule.start(at: now, using: &generator) {
                probe(start)
            }
            lastStatistics.withLock { $0 = schedule.statistics }
            if !results.isEmpty {
                await handler(results)
            }
            await rest(until: schedule.nextInstant)
        }
        await client.shutdown()
    }

    private func probe(_ start: CheckSchedule.Start) {
        client.probe(start.target.probe, timeout: start.timeout) { [inbox] outcome in
            inbox.put(CheckInbox.Finding(id: start.id, peer: start.target.peer, outcome: outcome))
        }
    }

    /// Waits for the instant or for the inbox, and at least so long that there is a batch of work.
    private func rest(until instant: ContinuousClock.Instant?) async {
        try? await Task.sleep(for: Self.pause)
        if inbox.isEmpty, instant.map({ $0 > .now }) ?? true {
            await inbox.wait(until: instant)
        }
    }
}

extension CheckStatistics {
    /// Counts what a probe brought.
    ///
    /// - Returns: what it says about the peer; `nil`: nothing.
    fileprivate mutating func result(of finding: CheckInbox.Finding) -> CheckResult? {
        switch finding.outcome {
        case .status(let status):
            return .status(status)
        case .connected:
            return .connected
        case .failed(let error, let systemError):
            let failure = CheckFailure(error, systemError: systemError)
            failures[failure.kind, default: 0] += 1
            lastError = "\(finding.peer): \(failure.reason)"
            return failure.kind == .local ? nil : .failure(failure.reason)
        }
    }
}

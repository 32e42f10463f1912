import Balancing
import Discovery
import Logging
import Synchronization
import Testing

struct SourceRunnerTests {
    /// Enough failures that random waits show their ceiling: that 40 of them all stay below a sixth of it does not happen.
    private static let many = 40
    private static let shortest = Duration.milliseconds(800)

    private let controlPlane = ControlPlane(
        sources: [SourceDescription(name: "scripted")],
        directory: ServiceDirectory(),
        staleAfter: nil,
        clock: ServerClock(now: { .second(0) }, wallTime: { 0 }),
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    )

    private final class ManualClock: Sendable {
        private let instant = Mutex(ContinuousClock.now)

        var now: ContinuousClock.Instant { instant.withLock { $0 } }

        func advance(by duration: Duration) { instant.withLock { $0 += duration } }
    }

    private struct Outcome {
        let pauses: [Duration]
        let log: [RecordedLog.Line]
        let status: SourceStatus
        let sessions: Int
    }

    /// Runs sessions until `last` of them have begun; that one is cancelled.
    private func run(
        until last: Int,
        backoff: Backoff = Backoff(),
        session: @escaping @Sendable (_ number: Int, SourceFeed, ManualClock) async throws -> Void
    ) async -> Outcome {
        let clock = ManualClock()
        let log = RecordedLog()
        let pauses = Mutex<[Duration]>([])
        let source = ScriptedSource(backoff: backoff) { number, feed in
            if number == last {
                withUnsafeCurrentTask { $0?.cancel() }
                try Task.checkCancellation()
            }
            try await session(number, feed, clock)
        }
        let runner = SourceRunner(
            source: source,
            feed: controlPlane.feed(for: 0),
            logger: log.logger,
            now: { clock.now },
            pause: { pause in pauses.withLock { $0.append(pause) } }
        )
        // Of its own, so that what is cancelled is not the test.
        await Task { await runner.run() }.value
        return Outcome(
            pauses: pauses.withLock { $0 },
            log: log.lines,
            status: controlPlane.monitors[0].status,
            sessions: source.sessions
        )
    }

    @Test func `sessions that fail at once are paused longer and longer, up to five seconds`() async {
        let outcome = await run(until: Self.many + 1) { number, _, _ in throw ScriptedSource.Failure(description: "failure \(number)") }
        #expect(outcome.pauses.count == Self.many)
        #expect(outcome.pauses[0] <= Self.shortest)
        #expect(outcome.pauses.contains { $0 > Self.shortest })
        #expect(outcome.pauses.allSatisfy { $0 >= .zero && $0 <= .seconds(5) })
        #expect(outcome.status.failures == UInt64(Self.many))
        #expect(outcome.status.lastError == "failure \(Self.many)")
        #expect(outcome.status.phase == .backoff)
    }

    @Test func `a source says how long its pauses may become`() async {
        let outcome = await run(until: Self.many + 1, backoff: Backoff(maximum: .seconds(30))) { _, _, _ in
            throw ScriptedSource.Failure(description: "failure")
        }
        #expect(outcome.pauses.contains { $0 > .seconds(5) })
        #expect(outcome.pauses.allSatisfy { $0 <= .seconds(30) })
    }

    @Test func `what the other side asks for comes on top of the pause`() async {
        let outcome = await run(until: 4) { number, _, _ in
            throw ScriptedSource.Failure(description: "failure", delay: number == 2 ? .seconds(60) : .zero)
        }
        #expect(outcome.pauses.count == 3 && outcome.pauses[0] <= Self.shortest && outcome.pauses[2] <= Self.shortest * 4)
        #expect(outcome.pauses[1] >= .seconds(60) && outcome.pauses[1] <= .seconds(60) + Self.shortest * 2)
    }

    @Test(arguments: [true, false])
    func `a session that delivered a change makes the pauses short again, one that delivered a list does not`(isChange: Bool) async {
        let outcome = await run(until: Self.many + 1) { number, feed, _ in
            if isChange {
                await feed.apply([SourceEntry(key: "web/10.0.0.1:80", content: .deleted)], revision: "\(number)")
            } else {
                await feed.replace(with: SourceTable(), revision: "\(number)")
            }
            throw ScriptedSource.Failure(description: "failure")
        }
        #expect(outcome.pauses.count == Self.many)
        #expect(outcome.pauses.allSatisfy { $0 <= Self.shortest } == isChange)
    }

    @Test(arguments: [
        (Duration.milliseconds(9_999), SourceStatus.Phase.watching, false), (.seconds(10), .watching, true), (.seconds(10), .connecting, false),
    ])
    func `a watch that lived for ten seconds counts as a success`(
        lifetime: Duration,
        phase: SourceStatus.Phase,
        isSuccess: Bool
    ) async {
        let outcome = await run(until: Self.many + 1) { _, feed, clock in
            // However long it took to come to it.
            clock.advance(by: .seconds(10))
            feed.monitor.enter(phase, now: clock.now)
            clock.advance(by: lifetime)
            throw ScriptedSource.Failure(description: "failure")
        }
        #expect(outcome.pauses.allSatisfy { $0 <= Self.shortest } == isSuccess)
    }

    @Test func `the first failure is a warning, the next ones are debug, and one after a change is news again`() async {
        let outcome = await run(until: 6) { number, feed, _ in
            if number == 4 { await feed.apply([SourceEntry(key: "web/10.0.0.1:80", content: .deleted)], revision: "1") }
            throw ScriptedSource.Failure(description: "\(number)")
        }
        #expect(
            outcome.log == [
                .init(level: .warning, error: "1"), .init(level: .debug, error: "2"), .init(level: .debug, error: "3"),
                .init(level: .warning, error: "4"), .init(level: .debug, error: "5"),
            ]
        )
    }

    @Test func `a source that fails again and again after a change warns five times a minute`() async {
        let outcome = await run(until: 61) { _, feed, clock in
            await feed.apply([SourceEntry(key: "web/10.0.0.1:80", content: .deleted)], revision: "1")
            clock.advance(by: .seconds(2))
            throw ScriptedSource.Failure(description: "failure")
        }
        #expect(outcome.log.filter { $0.level == .warning }.count == 10 && outcome.log.count == 60)
    }

    @Test func `a session that ended well is no failure, and followed by another at once, or after a moment if it was short`() async {
        let outcome = await run(until: 41) { number, feed, clock in
            // Delivered or not.
            if number.isMultiple(of: 3) { await feed.apply([SourceEntry(key: "web/10.0.0.1:80", content: .deleted)], revision: "1") }
            clock.advance(by: number.isMultiple(of: 2) ? .seconds(10) : .milliseconds(9_999))
        }
        #expect(outcome.sessions == 41)
        #expect(outcome.pauses.count == 20 && outcome.pauses.allSatisfy { (.milliseconds(100)...(.milliseconds(300))).contains($0) })
        #expect(Set(outcome.pauses).count > 1)
        #expect(outcome.log.isEmpty && outcome.status.failures == 0 && outcome.status.lastError == "")
    }

    @Test func `cancelled in a session, a runner ends without noting a failure`() async {
        let outcome = await run(until: 1) { _, _, _ in }
        #expect(outcome.sessions == 1)
        #expect(outcome.pauses.isEmpty && outcome.log.isEmpty)
        #expect(outcome.status.failures == 0)
    }

    @Test func `cancelled in a pause, a runner begins no other session`() async {
        let source = ScriptedSource { _, _ in throw ScriptedSource.Failure(description: "failure") }
        let runner = SourceRunner(
            source: source,
            feed: controlPlane.feed(for: 0),
            logger: RecordedLog().logger,
            pause: { _ in
                withUnsafeCurrentTask { $0?.cancel() }
                try Task.checkCancellation()
            }
        )
        await Task { await runner.run() }.value
        #expect(source.sessions == 1)
    }
}

import Balancing
import Discovery
import Logging
import Testing

struct ReadinessTests {
    private let start = ContinuousClock.now
    private let controlPlane = ControlPlane(
        sources: [SourceDescription(name: "first"), SourceDescription(name: "second")],
        directory: ServiceDirectory(),
        staleAfter: nil,
        clock: ServerClock(now: { .second(0) }, wallTime: { 0 }),
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    )

    private func readiness(timeout: Duration?) -> Readiness {
        Readiness(monitors: controlPlane.monitors, timeout: timeout, now: start)
    }

    private func deliver(_ source: Int) async {
        await controlPlane.feed(for: source).replace(with: SourceTable(), revision: "1")
    }

    @Test func `it takes every source, and names those that have not delivered`() async {
        let readiness = readiness(timeout: .seconds(60))
        #expect(!readiness.isReady(at: start))
        #expect(readiness.unsynced == ["first", "second"])
        await deliver(1)
        #expect(!readiness.isReady(at: start))
        #expect(readiness.unsynced == ["first"])
        await deliver(0)
        #expect(readiness.isReady(at: start))
        #expect(readiness.unsynced.isEmpty)
    }

    @Test func `after the timeout one source is enough`() async {
        let readiness = readiness(timeout: .seconds(60))
        await deliver(0)
        #expect(!readiness.isReady(at: start + .milliseconds(59_999)))
        #expect(readiness.isReady(at: start + .seconds(60)))
        #expect(readiness.unsynced == ["second"])
    }

    @Test func `after the timeout no source is not enough, and the first one that delivers is`() async {
        let readiness = readiness(timeout: .seconds(60))
        #expect(!readiness.isReady(at: start + .seconds(3600)))
        await deliver(1)
        #expect(readiness.isReady(at: start + .seconds(3600)))
    }

    @Test func `without a timeout it waits for every source for ever`() async {
        let readiness = readiness(timeout: nil)
        await deliver(0)
        #expect(!readiness.isReady(at: start + .seconds(1_000_000)))
        await deliver(1)
        #expect(readiness.isReady(at: start + .seconds(1_000_000)))
    }

    @Test func `once ready it stays ready, whatever becomes of the sources and the clock`() async {
        let readiness = readiness(timeout: .seconds(60))
        await deliver(0)
        #expect(readiness.isReady(at: start + .seconds(60)))
        for monitor in controlPlane.monitors { monitor.fault("gone") }
        #expect(readiness.isReady(at: start))
    }

    @Test func `a process that stops is not ready, before and after it was`() async {
        let neverReady = readiness(timeout: nil)
        let wasReady = readiness(timeout: nil)
        await deliver(0)
        await deliver(1)
        #expect(wasReady.isReady(at: start))
        #expect(!wasReady.isStopping)
        for readiness in [neverReady, wasReady] {
            readiness.stop()
            #expect(readiness.isStopping)
            #expect(!readiness.isReady(at: start))
        }
    }

    @Test func `a process without sources is ready at once`() {
        #expect(Readiness(monitors: [], timeout: nil, now: start).isReady(at: start))
    }
}

import Discovery
import Testing

struct SourceMonitorTests {
    private let began = ContinuousClock.now
    private let monitor: SourceMonitor

    init() {
        monitor = SourceMonitor(name: "etcd", now: began)
    }

    private func second(_ number: Int) -> ContinuousClock.Instant { began + .seconds(number) }

    @Test func `a source that never was in contact is stale since its start`() {
        monitor.fault("no route")
        #expect(monitor.status.staleSeconds(at: second(7)) == 7)
    }

    @Test func `a source that watches is not stale, however long it is silent`() {
        monitor.enter(.watching, now: second(1))
        #expect(monitor.status.staleSeconds(at: second(1000)) == 0)
    }

    @Test func `connecting again is counted, connecting is not`() {
        let monitor = SourceMonitor(name: "etcd")
        #expect(monitor.status.reconnects == 0)
        for phase in [SourceStatus.Phase.connecting, .listing, .watching] { monitor.enter(phase) }
        #expect(monitor.status.reconnects == 0)
        for phase in [SourceStatus.Phase.connecting, .watching, .connecting] { monitor.enter(phase) }
        #expect(monitor.status.reconnects == 2)
    }

    @Test func `a watch that failed is stale since the last proof of contact, not since its failure`() {
        monitor.enter(.watching, now: second(1))
        monitor.provedContact(now: second(5))
        monitor.fault("timed out")
        #expect(monitor.status.staleSeconds(at: second(35)) == 30)
        monitor.enter(.connecting, now: second(36))
        #expect(monitor.status.staleSeconds(at: second(40)) == 35)
        monitor.enter(.watching, now: second(41))
        monitor.enter(.connecting, now: second(50))
        #expect(monitor.status.staleSeconds(at: second(51)) == 10)
        #expect(monitor.status.failures == 1 && monitor.status.lastError.isEmpty)
    }
}

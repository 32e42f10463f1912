internal import Synchronization

/// Whether this process may take traffic: yes from the moment every source has delivered its first complete state, or `ready_timeout` has
/// passed with at least one source that delivered; then for the life of the process, until it stops. A source whose peers were restored from
/// the state file counts as one that has delivered.
///
/// A source that goes down later does not count: taking every replica out of service because etcd failed would be an
/// outage of our own making. Thread-safe.
package final class Readiness: Sendable {
    private let monitors: [SourceMonitor]
    private let start: ContinuousClock.Instant
    private let timeout: Mutex<Duration?>
    private let wasReady = Atomic(false)
    private let stopping = Atomic(false)

    /// Makes the readiness of a process that starts now.
    ///
    /// - Parameter timeout: how long to wait for every source; `nil`: for ever.
    package init(monitors: [SourceMonitor], timeout: Duration?, now: ContinuousClock.Instant = .now) {
        self.monitors = monitors
        self.start = now
        self.timeout = Mutex(timeout)
    }

    /// Changes how long to wait for every source, since the start of the process; `nil`: for ever.
    package func setTimeout(_ timeout: Duration?) {
        self.timeout.withLock { $0 = timeout }
    }

    /// Says that the process is stopping: it is not ready any more.
    package func stop() {
        stopping.store(true, ordering: .releasing)
    }

    /// Whether the process is stopping.
    package var isStopping: Bool { stopping.load(ordering: .acquiring) }

    /// Whether the process may take traffic.
    package func isReady(at now: ContinuousClock.Instant) -> Bool {
        if isStopping { return false }
        if wasReady.load(ordering: .acquiring) { return true }
        let servingCount = monitors.map(\.status).count { $0.isSynced || $0.wasRestored }
        guard servingCount == monitors.count || (servingCount > 0 && timeout.withLock { $0 }.map { start + $0 <= now } ?? false) else { return false }
        wasReady.store(true, ordering: .releasing)
        return true
    }

    /// The names of the sources of which there is nothing to serve yet.
    package var unsynced: [String] { monitors.map(\.status).filter { !$0.isSynced && !$0.wasRestored }.map(\.name) }
}

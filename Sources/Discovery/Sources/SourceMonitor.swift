internal import Synchronization

/// The shared record of one source's ``SourceStatus``: the source, its runner and the control plane write, operators read.
///
/// Thread-safe.
package final class SourceMonitor: Sendable {
    /// The name of the source in the configuration.
    package let name: String
    private let state: Mutex<SourceStatus>

    /// Makes the record of a source that has not begun.
    package init(name: String, now: ContinuousClock.Instant = .now) {
        self.name = name
        self.state = Mutex(SourceStatus(name: name, started: now))
    }

    /// The status now.
    package var status: SourceStatus { state.withLock { $0 } }

    /// Notes what the source is doing; watching proves contact, and ends the last error.
    package func enter(_ phase: SourceStatus.Phase, now: ContinuousClock.Instant = .now) {
        state.withLock { status in
            if status.phase == .watching || phase == .watching { status.lastContact = now }
            if phase == .watching { status.lastError = "" }
            status.phase = phase
        }
    }

    /// Notes a fault that the source lives with: its peers stay, contact is not proved any more.
    package func fault(_ message: String, now: ContinuousClock.Instant = .now) {
        state.withLock { status in
            if status.phase == .watching { status.lastContact = now }
            status.phase = .backoff
            status.failures += 1
            status.lastError = message
        }
    }

    func update(_ body: (inout SourceStatus) -> Void) {
        state.withLock { body(&$0) }
    }
}

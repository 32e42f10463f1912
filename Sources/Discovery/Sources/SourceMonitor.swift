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

    /// Notes what the source is doing; that a watch begins proves contact, and ends the last error. That it ends proves nothing.
    package func enter(_ phase: SourceStatus.Phase, now: ContinuousClock.Instant = .now) {
        state.withLock { status in
            switch phase {
            case .watching:
                status.watchingSince = status.watchingSince ?? now
                status.lastContact = now
                status.lastError = ""
            case .connecting:
                status.connections += 1
            case .listing, .backoff:
                break
            }
            if phase != .watching { status.watchingSince = nil }
            status.phase = phase
        }
    }

    /// Notes which endpoint, `host:port`, the source uses or tries now.
    package func use(endpoint: String) {
        state.withLock { $0.endpoint = endpoint }
    }

    /// Notes a proof that the source is there and what it delivered is current: a byte of a watch, a look at a file that is as it was.
    /// Cheap enough for each of them.
    package func provedContact(now: ContinuousClock.Instant = .now) {
        state.withLock { $0.lastContact = now }
    }

    /// Notes a fault that the source lives with: its peers stay, contact is not proved any more. The last proof may be long ago: a
    /// host that dies leaves a watch that is just silent.
    package func fault(_ message: String) {
        state.withLock { status in
            status.phase = .backoff
            status.watchingSince = nil
            status.failures += 1
            status.lastError = message
        }
    }

    func update(_ body: (inout SourceStatus) -> Void) {
        state.withLock { body(&$0) }
    }
}

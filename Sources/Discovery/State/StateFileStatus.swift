internal import Synchronization

/// What operators see of the state file at one moment.
package struct StateFileStatus: Sendable {
    /// Where it is.
    package internal(set) var path: String
    /// When it was last saved, in seconds since 1970; `nil`: not by this process.
    package internal(set) var savedAt: Double?
    /// Its length in bytes when it was last saved.
    package internal(set) var bytes = 0
    /// How often it was saved.
    package internal(set) var saves: UInt64 = 0
    /// How often it could not be read or saved.
    package internal(set) var failures: UInt64 = 0
    /// What went wrong last; empty when nothing did since it was last saved.
    package internal(set) var lastError = ""
}

/// The shared record of the ``StateFileStatus``: its keeper writes, operators read. Thread-safe.
package final class StateFileMonitor: Sendable {
    private let current = Mutex<StateFileStatus?>(nil)

    /// Makes the record of no state file.
    package init() {}

    /// The status now; `nil` when no file is kept.
    package var status: StateFileStatus? { current.withLock { $0 } }

    /// Changes the status of the file at a path; another path begins anew.
    func update(_ path: String, _ body: (inout StateFileStatus) -> Void) {
        current.withLock { status in
            var changed = status?.path == path ? status ?? StateFileStatus(path: path) : StateFileStatus(path: path)
            body(&changed)
            status = changed
        }
    }
}

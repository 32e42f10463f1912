internal import Synchronization

/// The services that can be picked, by name, and whether every source has delivered.
///
/// Thread-safe: picks look up, the control plane adds and removes.
package final class ServiceDirectory: Sendable {
    private let services = Mutex<[String: ServiceState]>([:])
    private let synced = Atomic(false)

    /// Makes an empty directory that is not synced.
    package init() {}

    /// The service of that name.
    package subscript(name: String) -> ServiceState? {
        services.withLock { $0[name] }
    }

    /// Every service, in no particular order.
    package var all: [ServiceState] {
        // Copying the dictionary takes no time under the lock that every pick takes.
        Array(services.withLock { $0 }.values)
    }

    /// Adds or replaces a service.
    package func add(_ service: ServiceState) {
        services.withLock { $0[service.name] = service }
    }

    /// Removes a service; picks of it find it unknown from now on.
    package func remove(_ name: String) {
        services.withLock { _ = $0.removeValue(forKey: name) }
    }

    /// Whether every source has delivered its first complete state: until then an unknown service may just not be here yet.
    package var isSynced: Bool {
        get { synced.load(ordering: .acquiring) }
        set { synced.store(newValue, ordering: .releasing) }
    }
}

import Balancing
import Discovery
import DiscoveryTestSupport
import HTTPTransport
import Synchronization
import TestSupport
import Testing

@testable import KubernetesSource

/// A ``KubernetesSource`` that delivers to a control plane of its own.
final class ServedKubernetes: ServedSource {
    let directory = ServiceDirectory()
    let source: any Source
    let feed: SourceFeed
    private let clock: Clock

    /// The source's time: the real one, or that at which it was stopped, and what a test adds to it; and its pauses, which take none.
    private final class Clock: Sendable {
        let stopped = Mutex<ContinuousClock.Instant?>(nil)
        let added = Mutex(Duration.zero)
        let pauses = Mutex<[Duration]>([])
    }

    /// Makes a source of the namespace `lab` of a server, which is changed by `configure`.
    init(_ url: String, emptyGuard: Duration = .zero, _ configure: (inout KubernetesSource.Configuration) -> Void = { _ in }) throws {
        feed = Self.feed(SourceDescription(name: "kubernetes", emptyGuard: emptyGuard), directory)
        var configuration = KubernetesSource.Configuration(cluster: .server(url), namespace: "lab")
        configure(&configuration)
        let clock = Clock()
        self.clock = clock
        source = KubernetesSource(
            configuration: configuration,
            client: try HTTPClient(),
            logger: Self.logger,
            now: { (clock.stopped.withLock { $0 } ?? .now) + clock.added.withLock { $0 } },
            pause: { pause in clock.pauses.withLock { $0.append(pause) } }
        )
    }

    /// The pauses between the attempts to get one page.
    var pauses: [Duration] { clock.pauses.withLock { $0 } }

    /// Has the source's time stand still from now on, however long anything takes.
    func stopTime() {
        clock.stopped.withLock { $0 = .now }
    }

    /// Lets time pass.
    func advance(by duration: Duration) {
        clock.added.withLock { $0 += duration }
    }

    /// The pauses between sessions that fail.
    var backoff: Backoff { source.backoff }

    /// How long the failure of a session wants the server to be left alone.
    func delay() async -> Duration? {
        do {
            try await runOnce()
            return nil
        } catch {
            return (error as? any DelayingError)?.delay
        }
    }

    /// The state of every peer as picks see it: `web/10.0.0.1:80` and `up`.
    var peers: [String: String] { peers(\.value.status.rawValue) }

    /// The same with all that is said of each peer.
    var described: [String: String] {
        SourceTable.described(
            Dictionary(
                uniqueKeysWithValues: directory.all.map { service in
                    (service.name, service.plan.members.map { (address: $0.state.address, value: $0.value) })
                }
            )
        )
    }

    /// Waits until picks see these peers.
    func waitFor(_ expected: [String: String], sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await wait("picks see \(peers), expected \(expected)", sourceLocation: sourceLocation) { peers == expected }
    }

    /// Waits until the source watches.
    func waitForWatch(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await wait("it does not watch", sourceLocation: sourceLocation) { monitor.status.phase == .watching }
    }

    /// Waits until a condition holds, for half a minute at most.
    func wait(
        _ complaint: @autoclosure () -> String = "waited in vain",
        sourceLocation: SourceLocation = #_sourceLocation,
        until condition: () throws -> Bool
    ) async throws {
        guard try await !eventually(condition) else { return }
        let status = monitor.status
        Issue.record("\(complaint()); \(status.phase) \(status.lastError)", sourceLocation: sourceLocation)
    }
}

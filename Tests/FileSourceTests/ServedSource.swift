import Balancing
import Discovery
import Logging
import Testing

/// A source that delivers to a control plane of its own, run by a task that ends with ``stop()``.
final class ServedSource: Sendable {
    let directory = ServiceDirectory()
    let monitor: SourceMonitor
    private let task: Task<Void, Never>

    init(_ source: any Source) {
        let controlPlane = ControlPlane(
            sources: [SourceDescription(name: "file")],
            directory: directory,
            staleAfter: nil,
            clock: ServerClock(now: { .second(0) }, wallTime: { 0 }),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let feed = controlPlane.feed(for: 0)
        monitor = feed.monitor
        task = Task { try? await source.run(feed) }
    }

    /// Ends the source and waits until it has ended.
    func stop() async {
        task.cancel()
        await task.value
    }

    /// The weights of a service's peers as picks see them; `nil` when the service is not known.
    func weights(of service: String) -> [String: Double]? {
        directory[service].map { state in
            Dictionary(uniqueKeysWithValues: state.plan.members.map { ("\($0.state.address)", $0.weight) })
        }
    }

    /// Waits until a condition holds, for half a minute at most, and says whether it does.
    func eventually(_ condition: () -> Bool) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(30)
        while !condition() {
            guard ContinuousClock.now < deadline else { return false }
            try await Task.sleep(for: .milliseconds(2))
        }
        return true
    }
}

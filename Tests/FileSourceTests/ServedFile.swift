import Balancing
import Discovery
import DiscoveryTestSupport

/// A source that delivers to a control plane of its own, run by a task that ends with ``stop()``.
final class ServedFile: ServedSource {
    let directory = ServiceDirectory()
    let source: any Source
    let feed: SourceFeed
    private let task: Task<Void, Never>

    init(_ source: any Source) {
        self.source = source
        let feed = Self.feed(SourceDescription(name: "file"), directory)
        self.feed = feed
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
}

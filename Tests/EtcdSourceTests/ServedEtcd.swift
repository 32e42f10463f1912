import Balancing
import Discovery
import DiscoveryTestSupport
import EtcdSource
import FoundationEssentials
import HTTPTransport
import TestSupport
import Testing

/// An ``EtcdSource`` that delivers to a control plane of its own.
final class ServedEtcd: ServedSource {
    static let prefix = "/v1/testing/services/"

    let directory = ServiceDirectory()
    let client: HTTPClient
    let source: any Source
    let feed: SourceFeed
    private let api: EtcdSource.Configuration.API

    convenience init(
        url: String,
        api: EtcdSource.Configuration.API = .v3,
        pageSize: Int = 5000,
        idleTimeout: Duration = .seconds(30)
    ) throws {
        try self.init(EtcdSource.Configuration(endpoints: [url], api: api, pageSize: pageSize, idleTimeout: idleTimeout))
    }

    init(_ configuration: EtcdSource.Configuration) throws {
        feed = Self.feed(SourceDescription(name: "etcd"), directory)
        api = configuration.api
        client = try HTTPClient()
        source = EtcdSource(configuration: configuration, client: client, logger: Self.logger)
    }

    /// Every peer as picks see it: `web/10.0.0.1:80` and its weight.
    var peers: [String: Double] { peers(\.weight) }

    /// Waits until picks see exactly what is in the store but for the keys that are no peers, and says whether they do.
    func eventuallyEquals(_ etcd: EtcdProcess, skipping skipped: Set<String> = []) async throws -> Bool {
        let values = try api == .v3 ? etcd.keyValues(under: Self.prefix) : etcd.keyNodes(below: Self.prefix)
        let expected = try values.filter { !skipped.contains($0.key) }.mapValues { value in
            try JSONDecoder().decode([String: Double].self, from: Data(value.utf8))["weight"] ?? 100
        }
        let isEqual = try await eventually { peers == expected }
        if !isEqual { Issue.record("picks see \(peers), etcd has \(expected)") }
        return isEqual
    }
}

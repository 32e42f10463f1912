import Balancing
import Discovery
import EtcdSource
import FoundationEssentials
import HTTPTransport
import Logging
import TestSupport
import Testing

/// An ``EtcdSource`` that delivers to a control plane of its own.
final class ServedEtcd: Sendable {
    static let prefix = "/v1/testing/services/"

    let directory = ServiceDirectory()
    let monitor: SourceMonitor
    let client: HTTPClient
    private let api: EtcdSource.Configuration.API
    private let source: EtcdSource
    private let feed: SourceFeed
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    convenience init(
        url: String,
        api: EtcdSource.Configuration.API = .v3,
        pageSize: Int = 5000,
        idleTimeout: Duration = .seconds(30)
    ) throws {
        try self.init(EtcdSource.Configuration(endpoints: [url], api: api, pageSize: pageSize, idleTimeout: idleTimeout))
    }

    init(_ configuration: EtcdSource.Configuration) throws {
        let controlPlane = ControlPlane(
            sources: [SourceDescription(name: "etcd")],
            directory: directory,
            staleAfter: nil,
            clock: ServerClock(now: { .second(0) }, wallTime: { 0 }),
            logger: logger
        )
        feed = controlPlane.feed(for: 0)
        monitor = feed.monitor
        api = configuration.api
        client = try HTTPClient()
        source = EtcdSource(configuration: configuration, client: client, logger: logger)
    }

    /// Runs sessions while the body runs, as the server does.
    func running<Answer>(_ body: () async throws -> Answer) async throws -> Answer {
        let runner = SourceRunner(source: source, feed: feed, logger: logger)
        let task = Task { await runner.run() }
        defer { task.cancel() }
        let answer = try await body()
        task.cancel()
        await task.value
        return answer
    }

    /// Runs one session to its end.
    func runOnce() async throws {
        try await source.run(feed)
    }

    /// Runs one session to its end: why it failed.
    func failure() async -> String {
        do {
            try await runOnce()
            return "no failure"
        } catch {
            return "\(error)"
        }
    }

    /// Every peer as picks see it: `web/10.0.0.1:80` and its weight.
    var peers: [String: Double] {
        var peers: [String: Double] = [:]
        for service in directory.all {
            for member in service.plan.members { peers["\(service.name)/\(member.state.address)"] = member.weight }
        }
        return peers
    }

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

    /// Waits until a condition holds, for half a minute at most, and says whether it does.
    func eventually(_ condition: () throws -> Bool) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(30)
        while try !condition() {
            guard ContinuousClock.now < deadline else { return false }
            try await Task.sleep(for: .milliseconds(2))
        }
        return true
    }
}

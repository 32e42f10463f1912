package import Balancing
package import Discovery
package import Logging

/// A source that delivers to a control plane of its own.
package protocol ServedSource: Sendable {
    /// The services as picks see them.
    var directory: ServiceDirectory { get }
    /// The source.
    var source: any Source { get }
    /// Where it delivers.
    var feed: SourceFeed { get }
}

extension ServedSource {
    /// A log that nobody reads.
    package static var logger: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

    /// Makes where a source delivers: the control plane lives as long as it.
    package static func feed(_ source: SourceDescription, _ directory: ServiceDirectory) -> SourceFeed {
        let controlPlane = ControlPlane(
            sources: [source],
            directory: directory,
            staleAfter: nil,
            clock: ServerClock(now: { .second(0) }, wallTime: { 0 }),
            logger: logger
        )
        return controlPlane.feed(for: 0)
    }

    /// The state of the source.
    package var monitor: SourceMonitor { feed.monitor }

    /// Runs sessions while the body runs, as the server does; no pause between two of them is longer than `longestPause`.
    package func running<Answer>(longestPause: Duration = .seconds(3600), _ body: () async throws -> Answer) async throws -> Answer {
        let runner = SourceRunner(
            source: source,
            feed: feed,
            logger: Self.logger,
            pause: { try await Task.sleep(for: min($0, longestPause)) }
        )
        let task = Task { await runner.run() }
        defer { task.cancel() }
        let answer = try await body()
        task.cancel()
        await task.value
        return answer
    }

    /// Runs one session to its end.
    package func runOnce() async throws {
        try await source.run(feed)
    }

    /// Runs one session to its end: why it failed.
    package func failure() async -> String {
        do {
            try await runOnce()
            return "no failure"
        } catch {
            return "\(error)"
        }
    }

    /// Something of every peer as picks see it, by `web/10.0.0.1:80`.
    package func peers<Value>(_ value: (PlanMember) -> Value) -> [String: Value] {
        var peers: [String: Value] = [:]
        for service in directory.all {
            for member in service.plan.members { peers["\(service.name)/\(member.state.address)"] = value(member) }
        }
        return peers
    }

    /// Waits until a condition holds, for half a minute at most, and says whether it does.
    package func eventually(_ condition: () throws -> Bool) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(30)
        while try !condition() {
            guard ContinuousClock.now < deadline else { return false }
            try await Task.sleep(for: .milliseconds(2))
        }
        return true
    }
}

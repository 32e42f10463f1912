import Foundation
import Logging
import TestSupport
import Testing

@testable import Balancing
@testable import Discovery

/// What a state file does at a start: what is served, what counts, what is set aside.
final class RestorationTests {
    private let directory: URL
    private let path: String
    private let serving = ServiceDirectory()

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "lookaside-restore-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        path = directory.appending(path: "state.json").path
    }

    deinit {
        try? FileManager.default.removeItem(at: directory)
    }

    private func table(_ peers: KeyValuePairs<String, Double>) -> SourceTable {
        var table = SourceTable()
        for (key, weight) in peers { table.apply(SourceEntry(key: key, content: .value(PeerValue(weight: weight)))) }
        return table
    }

    /// Writes a state file in which each source, named by its scope's first letter, says this.
    private func save(_ sources: KeyValuePairs<String, SourceTable>) throws {
        let snapshot = StateSnapshot(
            version: 1,
            sources: sources.map { SourceDescription(name: String($0.key.prefix(1)), scope: $0.key) },
            contacts: sources.map { _ in 99 },
            tables: sources.map(\.value),
            verdicts: [:],
            now: .now,
            wallTime: 100
        )
        _ = try StateFile(path: path).write(snapshot)
    }

    /// A control plane over sources that are described in the same way, restored from the file.
    private func restore(_ scopes: [String], combine: Combine = .merge, emptyGuard: Duration = .zero, log: RecordedLog? = nil) async -> ControlPlane {
        let logger = log?.logger ?? Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let controlPlane = ControlPlane(
            sources: scopes.map { SourceDescription(name: String($0.prefix(1)), scope: $0, emptyGuard: emptyGuard) },
            combine: combine,
            directory: serving,
            staleAfter: nil,
            clock: ServerClock(now: { .second(1) }, wallTime: { 100 }),
            logger: logger
        )
        let path = path
        await StateKeeper(controlPlane: controlPlane, path: { path }, logger: logger).restore()
        return controlPlane
    }

    private func weights(_ service: String) -> [String: Double]? {
        guard let plan = serving[service]?.plan else { return nil }
        return Dictionary(uniqueKeysWithValues: plan.members.map { ("\($0.state.address)", $0.weight) })
    }

    private func published(_ service: String, _ expected: [String: Double]) async throws -> Bool {
        for _ in 0..<500 where weights(service) != expected { try await Task.sleep(for: .milliseconds(10)) }
        return weights(service) == expected
    }

    private var files: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() } }

    // MARK: - The empty guard

    @Test func `a first list that lacks more than half of what was restored is not believed at once`() async throws {
        try save(["a": table(["web/10.0.0.1:80": 1, "web/10.0.0.2:80": 2, "web/10.0.0.3:80": 3])])
        let controlPlane = await restore(["a"], emptyGuard: .seconds(3600))
        #expect(weights("web")?.count == 3)
        await controlPlane.feed(for: 0).replace(with: table(["web/10.0.0.9:80": 9]), revision: "1")
        #expect(try await published("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2, "10.0.0.3:80": 3, "10.0.0.9:80": 9]))
        #expect(controlPlane.monitors[0].status.guarded == 3)
        #expect(serving["web"]?.plan.isStale == false)
    }

    @Test func `what was restored and a first list lacks goes when the time of the guard is over`() async throws {
        try save(["a": table(["web/10.0.0.1:80": 1, "web/10.0.0.2:80": 2, "web/10.0.0.3:80": 3])])
        let controlPlane = await restore(["a"], emptyGuard: .milliseconds(300))
        let began = ContinuousClock.now
        await controlPlane.feed(for: 0).replace(with: table(["web/10.0.0.9:80": 9]), revision: "1")
        #expect(try await published("web", ["10.0.0.9:80": 9]))
        #expect(began.duration(to: .now) >= .milliseconds(300))
    }

    @Test func `a first list that lacks fewer is believed`() async throws {
        try save(["a": table(["web/10.0.0.1:80": 1, "web/10.0.0.2:80": 2])])
        let controlPlane = await restore(["a"], emptyGuard: .seconds(30))
        await controlPlane.feed(for: 0).replace(with: table(["web/10.0.0.2:80": 5]), revision: "1")
        #expect(try await published("web", ["10.0.0.2:80": 5]))
    }

    // MARK: - The first list

    /// Delivers a list: how many services are published before the control plane has another turn, and whether the source is synced then.
    private static func deliver(_ list: SourceTable, to controlPlane: isolated ControlPlane) -> (published: Int, isSynced: Bool) {
        controlPlane.replace(source: 0, with: list, revision: "1", followsBrokenHistory: false)
        return (controlPlane.directory.all.count { !$0.plan.isStale }, controlPlane.monitors[0].status.isSynced)
    }

    @Test func `the first list after a restoration is published little by little, and the source is synced with its last service`() async throws {
        let peers = (0..<3000).map { "service-\($0)/10.0.0.1:80" }
        var list = SourceTable()
        for key in peers { list.apply(SourceEntry(key: key, content: .value(PeerValue(weight: 1)))) }
        try save(["a": list])
        let controlPlane = await restore(["a"])
        #expect(serving.all.count == 3000)
        // Whoever would publish all of them in one turn would be done with it.
        let atOnce = await Self.deliver(list, to: controlPlane)
        #expect(atOnce.published < 3000 && !atOnce.isSynced)
        for _ in 0..<2000 where !controlPlane.monitors[0].status.isSynced { try await Task.sleep(for: .milliseconds(10)) }
        #expect(controlPlane.monitors[0].status.isSynced && serving.all.allSatisfy { !$0.plan.isStale })
    }

    // MARK: - Readiness

    @Test func `a restored source counts as one that has delivered, and one that is neither does not`() async throws {
        try save(["a": table(["web/10.0.0.1:80": 1])])
        let controlPlane = await restore(["a", "b"])
        let start = ContinuousClock.now
        let readiness = Readiness(monitors: controlPlane.monitors, timeout: .seconds(60), now: start)
        #expect(!readiness.isReady(at: start) && readiness.unsynced == ["b"])
        #expect(readiness.isReady(at: start + .seconds(60)))
        let waiting = Readiness(monitors: controlPlane.monitors, timeout: nil, now: start)
        #expect(!waiting.isReady(at: start + .seconds(1000)))
        await controlPlane.feed(for: 1).replace(with: SourceTable(), revision: "1")
        #expect(waiting.isReady(at: start))
    }

    @Test func `a process whose sources were all restored is ready at once`() async throws {
        try save(["a": table(["web/10.0.0.1:80": 1]), "b": table(["api/10.0.0.1:80": 1])])
        let controlPlane = await restore(["a", "b"])
        #expect(Readiness(monitors: controlPlane.monitors, timeout: nil).isReady(at: .now))
    }

    // MARK: - Combining

    @Test func `a source that has delivered counts before one that was restored`() async throws {
        try save(["a": table(["web/10.0.0.1:80": 1, "web/10.0.0.2:80": 1]), "b": SourceTable()])
        let controlPlane = await restore(["a", "b"], combine: .first)
        await controlPlane.feed(for: 1).replace(with: table(["web/10.0.0.2:80": 2, "web/10.0.0.3:80": 2]), revision: "1")
        #expect(try await published("web", ["10.0.0.2:80": 2, "10.0.0.3:80": 2]))
        await controlPlane.apply(combine: .merge, staleAfter: nil) { _ in ServiceSettings() }
        #expect(try await published("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2, "10.0.0.3:80": 2]))
        // Now it has delivered, too.
        await controlPlane.feed(for: 0).replace(with: table(["web/10.0.0.1:80": 7, "web/10.0.0.2:80": 7]), revision: "1")
        #expect(try await published("web", ["10.0.0.1:80": 7, "10.0.0.2:80": 7, "10.0.0.3:80": 2]))
    }

    // MARK: - What is not used

    @Test func `a file of which nothing is used is set aside, with the reason`() async throws {
        try save(["a/elsewhere": table(["web/10.0.0.1:80": 1])])
        let saved = try Data(contentsOf: URL(filePath: path))
        let log = RecordedLog()
        let controlPlane = await restore(["a"], log: log)
        #expect(serving.all.isEmpty && !controlPlane.monitors[0].status.wasRestored)
        #expect(try files == ["state.json.unused"])
        #expect(try Data(contentsOf: URL(filePath: path + ".unused")) == saved)
        #expect(log.lines.map(\.level) == [.warning, .notice])
    }

    @Test func `a file of which a part is used is copied, also when a source is not configured any more`() async throws {
        for round in 1...2 {
            try save(["a": table(["web/10.0.0.1:80": Double(round)]), "b": table(["web/10.0.0.2:80": 1])])
            let log = RecordedLog()
            _ = await restore(["a"], log: log)
            #expect(weights("web") == ["10.0.0.1:80": Double(round)])
            #expect(try files == ["state.json", "state.json.unused"])
            #expect(try Data(contentsOf: URL(filePath: path + ".unused")) == Data(contentsOf: URL(filePath: path)))
            #expect(log.lines.map(\.level) == [.warning, .notice, .notice])
        }
    }

    @Test func `a source that said nothing is not missed`() async throws {
        try save(["a": table(["web/10.0.0.1:80": 1]), "b": SourceTable()])
        let log = RecordedLog()
        _ = await restore(["a"], log: log)
        #expect(try files == ["state.json"])
        #expect(log.lines.map(\.level) == [.notice])
    }

    // MARK: - The last save

    /// A keeper whose disk hangs until the event.
    private func hangingKeeper(_ event: ScriptedHTTPServer.Event) async throws -> StateKeeper {
        try save(["a": table(["web/10.0.0.1:80": 1])])
        let controlPlane = await restore(["a"])
        await controlPlane.feed(for: 0).apply([SourceEntry(key: "web/10.0.0.2:80", content: .value(.default))], revision: "1")
        let path = path
        return StateKeeper(
            controlPlane: controlPlane,
            path: {
                try? event.block()
                return path
            },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    @Test func `a disk that hangs holds up a stop for as long as it may take, and not when the task is cancelled`() async throws {
        let event = ScriptedHTTPServer.Event()
        let keeper = try await hangingKeeper(event)
        let began = ContinuousClock.now
        await keeper.save(within: .milliseconds(100))
        let task = Task { await keeper.save(within: .seconds(15)) }
        task.cancel()
        await task.value
        #expect(began.duration(to: .now) < .seconds(10) && keeper.monitor.status == nil)
        event.signal()
        await keeper.save(within: .seconds(15))
        #expect(keeper.monitor.status?.saves == 1)
        #expect(try StateFile(path: path).read()?.sources.first?.services["web"]?.count == 2)
    }

    // MARK: - Leftovers

    @Test func `what a writer that crashed has left is deleted at a later start, and nothing else`() async throws {
        try save(["a": table(["web/10.0.0.1:80": 1])])
        let leftovers = ["state.json.17-abc.new", "state.json.new"]
        let others = ["state.json.18-abc.new", "other.json.17-abc.new", "state.json.damaged", "state.jsonx.new"]
        for name in leftovers + others {
            let file = directory.appending(path: name).path
            try Data().write(to: URL(filePath: file))
            let age: TimeInterval = name.contains("18") ? 300 : 3600
            try FileManager.default.setAttributes([.modificationDate: Date.now.addingTimeInterval(-age)], ofItemAtPath: file)
        }
        _ = await restore(["a"])
        #expect(try files == (others + ["state.json"]).sorted())
    }
}

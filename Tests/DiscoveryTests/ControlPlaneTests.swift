import Balancing
import Discovery
import Logging
import TestSupport
import Testing

struct ControlPlaneTests {
    private let directory = ServiceDirectory()
    private let controlPlane: ControlPlane

    init() {
        controlPlane = ControlPlane(
            sources: [SourceDescription(name: "first"), SourceDescription(name: "second")],
            directory: directory,
            staleAfter: .seconds(30),
            clock: ServerClock(now: { .second(1) }, wallTime: { 1_700_000_000 }),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    private func table(_ peers: KeyValuePairs<String, Double>) -> SourceTable {
        var table = SourceTable()
        for (key, weight) in peers { table.apply(SourceEntry(key: key, content: .value(PeerValue(weight: weight)))) }
        return table
    }

    private func weights(_ service: String) -> [String: Double]? {
        guard let plan = directory[service]?.plan else { return nil }
        return Dictionary(uniqueKeysWithValues: plan.members.map { ("\($0.state.address)", $0.weight) })
    }

    /// Waits until the published plan of a service shows these weights: publication may rest up to a quarter of a second.
    private func published(_ service: String, _ expected: [String: Double]) async throws -> Bool {
        for _ in 0..<500 where weights(service) != expected { try await Task.sleep(for: .milliseconds(10)) }
        return weights(service) == expected
    }

    @Test func `the directory is synced when every source has delivered and its peers are in picks`() async {
        #expect(!directory.isSynced)
        await controlPlane.feed(for: 0).replace(with: table(["web/10.0.0.1:80": 1]), revision: "1")
        #expect(directory["web"]?.pick(at: .second(1)) != nil)
        #expect(!directory.isSynced)
        await controlPlane.feed(for: 1).replace(with: SourceTable(), revision: "1")
        #expect(directory.isSynced)
    }

    @Test func `sources are united, and the earlier one wins for a peer in both`() async throws {
        await controlPlane.feed(for: 1).replace(with: table(["web/10.0.0.1:80": 1, "web/10.0.0.2:80": 2]), revision: "1")
        let state = try #require(directory["web"]?.plan.members.first?.state)
        await controlPlane.feed(for: 0).replace(with: table(["web/10.0.0.1:80": 10]), revision: "1")
        #expect(try await published("web", ["10.0.0.1:80": 10, "10.0.0.2:80": 2]))
        await controlPlane.feed(for: 0).apply([SourceEntry(key: "web/10.0.0.1:80", content: .deleted)], revision: "2")
        #expect(try await published("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2]))
        #expect(directory["web"]?.plan.state(of: state.address) === state)
    }

    @Test func `by the first source, the next one takes over when that has no peer left, and peers keep their states`() async throws {
        await controlPlane.apply(combine: .first, staleAfter: .seconds(30)) { _ in ServiceSettings() }
        await controlPlane.feed(for: 1).replace(with: table(["web/10.0.0.1:80": 1, "web/10.0.0.2:80": 2]), revision: "1")
        #expect(try await published("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2]))
        let state = directory["web"]?.plan.state(of: try PeerAddress("10.0.0.1:80"))
        await controlPlane.feed(for: 0).replace(with: table(["web/10.0.0.1:80": 10]), revision: "1")
        #expect(try await published("web", ["10.0.0.1:80": 10]))
        await controlPlane.feed(for: 0).apply([SourceEntry(key: "web/10.0.0.1:80", content: .deleted)], revision: "2")
        #expect(try await published("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2]))
        #expect(try directory["web"]?.plan.state(of: PeerAddress("10.0.0.1:80")) === state)
        await controlPlane.feed(for: 0).apply([SourceEntry(key: "web/10.0.0.3:80", content: .value(.default))], revision: "3")
        #expect(try await published("web", ["10.0.0.3:80": 100]))
        await controlPlane.apply(combine: .merge, staleAfter: .seconds(30)) { _ in ServiceSettings() }
        #expect(try await published("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2, "10.0.0.3:80": 100]))
    }

    /// Makes a control plane whose source has delivered three peers, and then a list of another one and nothing else.
    private func guarded(for emptyGuard: Duration) async -> ControlPlane {
        let controlPlane = ControlPlane(
            sources: [SourceDescription(name: "guarded", emptyGuard: emptyGuard)],
            directory: directory,
            staleAfter: nil,
            clock: ServerClock(now: { .second(1) }, wallTime: { 1_700_000_000 }),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let feed = controlPlane.feed(for: 0)
        await feed.replace(with: table(["web/10.0.0.1:80": 1, "web/10.0.0.2:80": 1, "other/10.0.0.1:80": 1]), revision: "1")
        await feed.replace(with: table(["web/10.0.0.3:80": 1]), revision: "2")
        return controlPlane
    }

    @Test func `peers that a list lacks stay for the time of the guard`() async throws {
        let controlPlane = await guarded(for: .seconds(3600))
        #expect(try await published("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 1, "10.0.0.3:80": 1]))
        #expect(try directory["web"]?.plan.details.guarded == [PeerAddress("10.0.0.1:80"), PeerAddress("10.0.0.2:80")])
        #expect(controlPlane.monitors[0].status.guarded == 3 && controlPlane.monitors[0].status.peers == 4)
    }

    @Test func `peers that a list lacks go when the time of the guard is over`() async throws {
        let began = ContinuousClock.now
        let controlPlane = await guarded(for: .milliseconds(300))
        #expect(try await published("web", ["10.0.0.3:80": 1]))
        #expect(began.duration(to: .now) >= .milliseconds(300))
        #expect(try await published("other", [:]))
        #expect(controlPlane.monitors[0].status.guarded == 0 && controlPlane.monitors[0].status.peers == 1)
    }

    @Test func `the peers of a directory that is deleted leave picks, and each counts as a change`() async throws {
        let feed = controlPlane.feed(for: 0)
        await feed.replace(with: table(["web/10.0.0.1:80": 1, "web/10.0.0.2:80": 2, "api/10.0.0.1:80": 1]), revision: "1")
        await feed.removeAll(below: "web", revision: "2")
        #expect(try await published("web", [:]))
        #expect(weights("api") == ["10.0.0.1:80": 1])
        #expect(feed.monitor.status.events == 2 && feed.monitor.status.revision == "2" && feed.monitor.status.peers == 1)
        await feed.removeAll(below: "", revision: "3")
        #expect(try await published("api", [:]))
        #expect(feed.monitor.status.events == 3 && feed.monitor.status.services == 0)
    }

    @Test func `a peer that leaves and comes back keeps its state`() async throws {
        let feed = controlPlane.feed(for: 0)
        await feed.replace(with: table(["web/10.0.0.1:80": 1, "web/10.0.0.2:80": 1]), revision: "1")
        let state = try #require(directory["web"]?.plan.members.first?.state)
        await feed.apply([SourceEntry(key: "web/\(state.address)", content: .deleted)], revision: "2")
        #expect(try await published("web", ["10.0.0.2:80": 1]))
        await feed.apply([SourceEntry(key: "web/\(state.address)", content: .value(.default))], revision: "3")
        #expect(try await published("web", ["10.0.0.1:80": 100, "10.0.0.2:80": 1]))
        #expect(directory["web"]?.plan.state(of: state.address) === state)
    }

    @Test func `another peer at the same address inherits nothing, one whose source cannot tell everything`() async throws {
        let feed = controlPlane.feed(for: 0)
        func set(_ identity: String, weight: Double) async throws -> PeerState {
            let value = PeerValue(weight: weight, identity: identity)
            await feed.apply([SourceEntry(key: "web/10.0.0.1:80", content: .value(value))], revision: "2")
            #expect(try await published("web", ["10.0.0.1:80": weight]))
            return try #require(directory["web"]?.plan.members.first?.state)
        }
        await feed.replace(with: SourceTable(), revision: "1")
        let first = try await set("a", weight: 1)
        #expect(try await set("a", weight: 2) === first)
        #expect(try await set("", weight: 3) === first)
        #expect(try await set("a", weight: 4) === first)
        let second = try await set("b", weight: 5)
        #expect(second !== first)
        await feed.apply([SourceEntry(key: "web/10.0.0.1:80", content: .deleted)], revision: "3")
        #expect(try await published("web", [:]))
        #expect(try await set("c", weight: 6) !== second)
    }

    @Test func `an ejection does not outlive the peer that earned it`() async throws {
        let feed = controlPlane.feed(for: 0)
        var table = SourceTable()
        for peer in 1...4 {
            table.apply(SourceEntry(key: "web/10.0.0.\(peer):80", content: .value(PeerValue(identity: "a"))))
        }
        await feed.replace(with: table, revision: "1")
        let service = try #require(directory["web"])
        let address = try PeerAddress("10.0.0.1:80")
        for _ in 0..<5 { #expect(service.record(Outcome(result: .error(.connect), reporter: "test"), of: address, at: .second(1))) }
        func health() -> Health? { service.plan.member(address)?.health }
        for _ in 0..<500 where health() != .ejected { try await Task.sleep(for: .milliseconds(10)) }
        #expect(health() == .ejected)
        await feed.apply([SourceEntry(key: "web/\(address)", content: .value(PeerValue(identity: "b")))], revision: "2")
        for _ in 0..<500 where health() == .ejected { try await Task.sleep(for: .milliseconds(10)) }
        #expect(health() == .unchecked)
    }

    @Test func `draining peers are picked only when nobody else can be`() async throws {
        let feed = controlPlane.feed(for: 0)
        var table = SourceTable()
        table.apply(SourceEntry(key: "web/10.0.0.1:80", content: .value(PeerValue(status: .draining))))
        table.apply(SourceEntry(key: "web/10.0.0.2:80", content: .value(.default)))
        await feed.replace(with: table, revision: "1")
        let service = try #require(directory["web"])
        for _ in 0..<10 { #expect(service.pick(at: .second(1))?.peer.address == (try PeerAddress("10.0.0.2:80"))) }
        await feed.apply([SourceEntry(key: "web/10.0.0.2:80", content: .deleted)], revision: "2")
        #expect(try await published("web", ["10.0.0.1:80": 100]))
        let pick = try #require(service.pick(at: .second(1)))
        #expect(pick.peer.address == (try PeerAddress("10.0.0.1:80")))
        #expect(!pick.flags.contains(.panic))
    }

    @Test func `a service whose last peer went is still known, without peers`() async throws {
        let feed = controlPlane.feed(for: 0)
        await feed.replace(with: table(["web/10.0.0.1:80": 1]), revision: "1")
        await feed.apply([SourceEntry(key: "web/10.0.0.1:80", content: .deleted)], revision: "2")
        #expect(try await published("web", [:]))
        #expect(directory["web"]?.pick(at: .second(1)) == nil)
    }

    @Test func `a change touches only its own service`() async throws {
        let feed = controlPlane.feed(for: 0)
        await feed.replace(with: table(["a/10.0.0.1:80": 1, "b/10.0.0.1:80": 1]), revision: "1")
        let untouched = try #require(directory["b"]?.plan)
        await feed.apply([SourceEntry(key: "a/10.0.0.2:80", content: .value(.default))], revision: "2")
        #expect(try await published("a", ["10.0.0.1:80": 1, "10.0.0.2:80": 100]))
        #expect(directory["b"]?.plan === untouched)
        #expect((directory["a"]?.plan.index ?? 0) > untouched.index)
    }

    @Test func `many changes end in the latest state`() async throws {
        let feed = controlPlane.feed(for: 0)
        await feed.replace(with: SourceTable(), revision: "1")
        for weight in 1...2000 {
            await feed.apply([SourceEntry(key: "web/10.0.0.1:80", content: .value(PeerValue(weight: Double(weight))))], revision: "\(weight)")
        }
        #expect(try await published("web", ["10.0.0.1:80": 2000]))
        #expect(controlPlane.monitors[0].status.revision == "2000")
        #expect(controlPlane.monitors[0].status.events == 2000)
    }

    @Test func `what a source skipped is counted with its reasons`() async {
        var skipping = table(["web/10.0.0.1:80": 1])
        skipping.apply(SourceEntry(key: "web/name:80", content: .value(.default)))
        await controlPlane.feed(for: 0).replace(with: skipping, revision: "1")
        let status = controlPlane.monitors[0].status
        #expect(status.skipped == 1 && status.peers == 1 && status.services == 1)
        #expect(status.skippedReasons.first?.contains("web/name:80") == true)
    }

    @Test func `a list ends the last error of its source`() async {
        let feed = controlPlane.feed(for: 0)
        feed.monitor.fault("no answer")
        await feed.apply([SourceEntry(key: "web/10.0.0.1:80", content: .value(PeerValue()))], revision: "1")
        #expect(feed.monitor.status.lastError == "no answer")
        await feed.replace(with: table(["web/10.0.0.1:80": 1]), revision: "2")
        #expect(feed.monitor.status.lastError.isEmpty)
    }

    @Test func `a plan shows what was skipped of its service, and follows it`() async throws {
        let feed = controlPlane.feed(for: 0)
        await feed.replace(with: table(["web/10.0.0.1:80": 1, "other/10.0.0.1:80": 1]), revision: "1")
        func skipped(_ expected: [String]) async throws -> Bool {
            func keys() -> [String]? { directory["web"]?.plan.details.skipped.map(\.key) }
            for _ in 0..<500 where keys() != expected { try await Task.sleep(for: .milliseconds(10)) }
            return keys() == expected
        }
        #expect(try await skipped([]))
        await feed.apply([SourceEntry(key: "web/10.0.0.1", content: .value(.default))], revision: "2")
        #expect(try await skipped(["web/10.0.0.1"]))
        await feed.apply([SourceEntry(key: "web/10.0.0.2:80", content: .invalid("weight: no"))], revision: "3")
        #expect(try await skipped(["web/10.0.0.1", "web/10.0.0.2:80"]))
        await feed.apply([SourceEntry(key: "web/10.0.0.1", content: .deleted)], revision: "4")
        await feed.apply([SourceEntry(key: "web/10.0.0.2:80", content: .value(.default))], revision: "5")
        #expect(try await skipped([]))
        var list = table(["web/10.0.0.1:80": 1, "web/10.0.0.2:80": 100])
        list.apply(SourceEntry(key: "web/10.0.0.3:80", content: .invalid("weight: no")))
        await feed.replace(with: list, revision: "6")
        #expect(try await skipped(["web/10.0.0.3:80"]))
        #expect(directory["web"]?.plan.details.skipped == [SkippedEntry(source: 0, key: "web/10.0.0.3:80", reason: "weight: no")])
        #expect(directory["other"]?.plan.details.skipped == [])
    }

    private func makeControlPlane(telling told: Collected<CheckTargets>) -> ControlPlane {
        ControlPlane(
            sources: [SourceDescription(name: "only")],
            directory: directory,
            staleAfter: nil,
            checkTargets: { told.append($0) },
            clock: ServerClock(now: { .second(1) }, wallTime: { 1_700_000_000 }),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    @Test func `the checker is told to begin again with another peer at the same address`() async throws {
        let told = Collected<CheckTargets>()
        let controlPlane = makeControlPlane(telling: told)
        let feed = controlPlane.feed(for: 0)
        for identity in ["a", "b"] {
            let entries = [("1", identity), ("2", "c")].map { number, identity in
                SourceEntry(key: "web/10.0.0.\(number):80", content: .value(PeerValue(identity: identity)))
            }
            await feed.apply(entries, revision: identity)
        }
        for _ in 0..<500 where told.all.count < 3 { try await Task.sleep(for: .milliseconds(10)) }
        let peers = told.all.map { $0.targets.map { "\($0.peer)" } }
        #expect(peers == [["10.0.0.1:80", "10.0.0.2:80"], ["10.0.0.2:80"], ["10.0.0.1:80", "10.0.0.2:80"]])
    }

    @Test func `the checker is told when only the settings of checks change`() async throws {
        let told = Collected<CheckTargets>()
        let controlPlane = makeControlPlane(telling: told)
        await controlPlane.feed(for: 0).replace(with: table(["web/10.0.0.1:80": 1]), revision: "1")
        var settings = ServiceSettings()
        settings.healthCheck.interval = .seconds(1)
        let changed = settings
        await controlPlane.apply(combine: .merge, staleAfter: nil) { _ in changed }
        for _ in 0..<500 where told.all.count < 2 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(told.all.map(\.settings.interval) == [.seconds(5), .seconds(1)])
        #expect(told.all.allSatisfy { $0.targets.map(\.url) == ["/health"] })
    }
}

import Balancing
import Discovery
import FoundationEssentials
import HTTPTransport
import Testing

@testable import KubernetesSource

/// What a real API server says, read as it was sent.
struct RecordingTests {
    private typealias Resource = KubernetesSource.Resource

    private func table(of recording: String, _ resource: Resource) throws -> SourceTable {
        var table = EndpointTable(mapping: .of(resource))
        for item in try Recording(recording).list().items ?? [] { table.add(item) }
        return table.sourceTable()
    }

    // MARK: - Lists

    @Test func `a list of slices says which endpoints are up, draining and down, in both families`() throws {
        let table = try table(of: "03", .endpointSlices)
        #expect(
            table.described == [
                "web/192.0.2.21:8080": "up z1 node1", "web/192.0.2.22:8080": "down", "web/192.0.2.23:8080": "draining",
                "web/192.0.2.24:8080": "up", "web/[2001:db8::21]:8080": "up",
            ]
        )
        #expect(table.skipped.isEmpty)
    }

    @Test(arguments: ["01", "04", "06", "30", "35", "36", "41", "50", "53", "64", "66", "72", "75", "77", "79", "82", "90"])
    func `a list of Endpoints says which are up and down`(recording: String) throws {
        #expect(
            try table(of: recording, .endpoints).described == [
                "web/192.0.2.21:8080": "up node1", "web/192.0.2.22:8080": "up 11111111-2222-3333-4444-555555555555", "web/192.0.2.23:8080": "down",
            ]
        )
    }

    @Test func `names of all namespaces carry theirs, and slices of names are refused with the reason`() throws {
        var table = EndpointTable(mapping: .of(.endpointSlices, namesNamespace: true))
        for item in try Recording("05").list().items ?? [] { table.add(item) }
        let found = table.sourceTable()
        #expect(found.services.keys.sorted() == ["kubernetes.default", "other.lab", "web.lab"])
        #expect(found.services["other.lab"]?.isEmpty == true)
        #expect(found.skipped == ["other.lab/other-zzz": "1 endpoints of address type FQDN are refused: names are not resolved"])
    }

    @Test func `a big list is read whole`() throws {
        let table = try table(of: "69", .endpointSlices)
        #expect(table.peerCount == 3000 && Array(table.services.keys) == ["big"])
    }

    @Test func `an unknown namespace is an empty list`() throws {
        let list = try Recording("08").list()
        #expect(list.items?.isEmpty == true)
        var session = Session(resource: .endpoints, pageSize: 10)
        let next = try session.receive(list, to: session.startList())
        #expect(next == nil && session.version?.description == "214")
    }

    @Test func `pages are asked for until there are no more, and all belong to one version`() throws {
        var session = Session(resource: .endpointSlices, pageSize: 1)
        let first = session.startList()
        let second = try #require(try session.receive(try Recording("37").list(), to: first))
        #expect(second.continueToken == "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MjY3LCJzdGFydCI6Ii9vdGhlci16enpcdTAwMDAifQ")
        #expect(session.version == nil)
        let third = try #require(try session.receive(try Recording("38").list(), to: second))
        // Another list's page.
        #expect(throws: Refusal(description: "the pages of a list have versions 267 and 214, expected one")) {
            _ = try session.receive(try Recording("03").list(), to: third)
        }
        #expect(session.version == nil)
    }

    // MARK: - Watches

    @Test(arguments: [("20", "01"), ("22", "01"), ("24", "01"), ("25", "01")])
    func `a watch of Endpoints is followed through every kind of event`(watch: String, list: String) throws {
        // The watches from version 0 begin with what the list says.
        let lines = try Recording(watch).lines.dropFirst(["24", "25"].contains(watch) ? 2 : 0)
        let replay = try Replay(onto: list, .endpoints).following(lines)
        #expect(replay.picks.described == (try table(of: list, .endpoints)).described)
        #expect(replay.picks.services.keys.sorted() == ["web"])
        #expect(replay.version == (watch == "22" ? "242" : "228"))
    }

    @Test func `an Endpoints without addresses keeps its service`() throws {
        let lines = try Recording("20").lines
        let replay = try Replay(onto: "01", .endpoints).following(lines[..<4])
        #expect(replay.picks.services == ["web": [:]] && replay.version == "224")
    }

    @Test func `a watch of slices is followed, out of the selector and back into it`() throws {
        let lines = try Recording("21").lines
        let left = try Replay(onto: "03", .endpointSlices).following(lines[..<2]).picks
        #expect(left.described["web/192.0.2.21:8080"] == "draining z1 node1" && left.described["web/[2001:db8::21]:8080"] == nil)
        let replay = try Replay(onto: "03", .endpointSlices).following(lines)
        #expect(replay.picks.described == (try table(of: "03", .endpointSlices)).described)
        #expect(replay.version == "227")
    }

    @Test func `several events in one chunk, and events that span chunks, are told apart`() throws {
        #expect(try Recording("31").events().count == 2)
        #expect(try Recording("24").events().count == 9)
        #expect(try Recording("70").events().count == 3)
    }

    @Test(arguments: ["32", "33", "34", "45", "52", "54", "81"])
    func `a version that is gone is told by an event, and loses the place`(recording: String) throws {
        let recording = try Recording(recording)
        #expect(recording.status == 200 && recording.isComplete)
        let event = try #require(try recording.events().last)
        let resource: KubernetesSource.Resource = recording.headers["warning"] == nil ? .endpointSlices : .endpoints
        var session = Session(resource: resource, pageSize: 10)
        let list = ObjectList(kind: "\(resource.kind)List", apiVersion: resource.apiVersion, metadata: .init(resourceVersion: "100"))
        _ = try session.receive(list, to: session.startList())
        guard case .placeLost(let reason) = try session.receive(event) else {
            Issue.record("the place was kept")
            return
        }
        #expect(reason.contains("too old") && session.version == nil)
    }

    @Test(arguments: ["16", "23", "42", "43", "71", "73", "78", "80", "83", "85", "88", "89", "91"])
    func `a watch that ends, in whatever way, keeps its place`(recording: String) throws {
        let recording = try Recording(recording)
        #expect(recording.status == 200)
        var session = Session(resource: .endpoints, pageSize: 10)
        let list = ObjectList(kind: "EndpointsList", apiVersion: "v1", metadata: .init(resourceVersion: "200"))
        _ = try session.receive(list, to: session.startList())
        for event in try recording.events() { _ = try session.receive(event) }
        #expect(session.version != nil)
    }

    @Test(arguments: [
        ("09", 404, "NotFound", false, false), ("10", 401, "Unauthorized", true, false), ("11", 403, "Forbidden", true, false),
        ("12", 403, "Forbidden", true, false), ("13", 400, "BadRequest", false, false), ("14", 500, nil, true, false),
        ("15", 504, "Timeout", true, false), ("18", 403, "Forbidden", true, false), ("39", 410, "Expired", false, true),
        ("65", 403, "Forbidden", true, false), ("74", 504, "Timeout", true, false), ("87", 410, "Expired", false, true),
    ])
    func `every refusal is read, whatever its content type`(
        recording: String,
        status: Int,
        reason: String?,
        isPassing: Bool,
        isExpired: Bool
    ) throws {
        let recording = try Recording(recording)
        let failure = try recording.failure()
        #expect(recording.status == status && failure.isStatus && failure.reason == reason && failure.code == status)
        #expect(failure.isPassing == isPassing && failure.saysExpired == isExpired)
    }
}

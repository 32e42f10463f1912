import Testing

@testable import KubernetesSource

struct SessionTests {
    private func object(_ name: String, _ version: String, uid: String = "u", kind: String? = "EndpointSlice") -> EndpointObject {
        EndpointObject(
            kind: kind,
            apiVersion: kind.map { $0 == "EndpointSlice" ? "discovery.k8s.io/v1" : "v1" },
            metadata: .init(name: name, namespace: "lab", uid: uid, resourceVersion: version)
        )
    }

    private func list(_ version: String, _ items: [EndpointObject] = [], next: String? = nil) -> ObjectList {
        ObjectList(
            kind: "EndpointSliceList",
            apiVersion: "discovery.k8s.io/v1",
            metadata: .init(resourceVersion: version, continue: next),
            items: items
        )
    }

    /// A session that has listed `a` at version 90 and `b` at version 80, at version 100.
    private func knowing() throws -> Session {
        var session = Session(resource: .endpointSlices, pageSize: 10)
        _ = try session.receive(list("100", [object("a", "90"), object("b", "80")]), to: session.startList())
        session.finishList()
        return session
    }

    // MARK: - Lists

    @Test func `a list is known when its last page has come`() throws {
        var session = Session(resource: .endpointSlices, pageSize: 2)
        let first = session.startList()
        #expect(first.limit == 2 && first.continueToken == nil)
        let second = try #require(try session.receive(list("100", [object("a", "1")], next: "t"), to: first))
        #expect(second.continueToken == "t" && session.version == nil && session.startWatch() == nil)
        #expect(try session.receive(list("100", next: ""), to: second) == nil)
        #expect(session.startWatch()?.version.description == "100")
    }

    @Test func `what is no list of these objects is refused`() throws {
        var session = try knowing()
        let request = session.startList()
        let cases: [(ObjectList, String)] = [
            (
                ObjectList(kind: "EndpointsList", apiVersion: "v1", metadata: .init(resourceVersion: "1")),
                "expected kind EndpointSliceList of discovery.k8s.io/v1, found EndpointsList of v1"
            ),
            (ObjectList(), "expected kind EndpointSliceList of discovery.k8s.io/v1, found none of none"),
            (list(""), "the list has no resourceVersion"), (list("0"), "the list has no resourceVersion"),
            (list("101", [object("", "1")]), "an item of the list has no name"),
        ]
        for (page, reason) in cases {
            #expect(throws: Refusal(description: reason)) { _ = try session.receive(page, to: request) }
            #expect(session.version == nil)
            _ = session.startList()
        }
        let second = try #require(try session.receive(list("102", next: "t"), to: session.startList()))
        #expect(throws: Refusal(description: "a page of the list is followed by itself")) {
            _ = try session.receive(list("102", next: "t"), to: second)
        }
    }

    @Test func `pages become smaller until they hold one object, for one list`() {
        var session = Session(resource: .endpoints, pageSize: 500)
        var sizes: [Int] = []
        while session.shrinkPages() { sizes.append(session.startList().limit) }
        #expect(sizes == [62, 7, 1])
        // The next list begins as the first one did: what was too large may be gone.
        session.finishList()
        #expect(session.startList().limit == 500)
    }

    @Test func `a list that is older than what is known follows a broken history`() throws {
        var session = try knowing()
        session.losePlace()
        _ = try session.receive(list("99"), to: session.startList())
        #expect(session.isHistoryBroken)
        session.finishList()
        // From now on the new count is the known one.
        #expect(!session.isHistoryBroken)
        _ = try session.receive(list("99"), to: session.startList())
        #expect(!session.isHistoryBroken)
    }

    @Test func `another cluster follows a broken history, whatever its versions`() throws {
        var session = try knowing()
        session.forget()
        #expect(session.startProof() == nil)
        _ = try session.receive(list("1000"), to: session.startList())
        #expect(session.isHistoryBroken)
        var fresh = Session(resource: .endpointSlices, pageSize: 1)
        fresh.forget()
        #expect(!fresh.isHistoryBroken)
    }

    // MARK: - Proofs

    /// What a proof that is answered by this list at first, and then by an older one, comes to.
    private func prove(_ session: inout Session, _ now: ObjectList, then past: ObjectList? = nil) throws -> Bool {
        let request = try #require(session.startProof())
        guard case .undecided(let further?) = try session.receive(proof: now, to: request) else { return true }
        #expect(further.exactly == session.version && further.only?.name == request.only?.name)
        guard let past, case .proved = try session.receive(proof: past, to: further) else { return false }
        return true
    }

    @Test func `the history is proved by the object that was written last`() throws {
        var session = try knowing()
        let request = try #require(session.startProof())
        #expect(request.only?.name == "a" && request.only?.namespace == "lab" && request.limit == 1 && request.exactly == nil)
        #expect(try prove(&session, list("100", [object("a", "90")])))
        #expect(session.version?.description == "100")
    }

    @Test func `an object that was written again, or is gone, is asked for as it was`() throws {
        for now in [list("250", [object("a", "240")]), list("250"), list("250", [object("a", "240", uid: "other")])] {
            var session = try knowing()
            #expect(try prove(&session, now, then: list("100", [object("a", "90")])))
            #expect(session.version?.description == "100")
            let refusal = Refusal(
                description: "a is at version none, but was at 90 before: the cluster was restored",
                showsOtherHistory: true
            )
            #expect(throws: refusal) { _ = try prove(&session, now, then: list("100")) }
            #expect(session.version == nil && session.isHistoryBroken)
        }
    }

    /// A session that has asked for `a`, which is not there, when the store has dropped the known version: what it asks for next.
    private func withoutVersion(_ session: inout Session) throws -> ListRequest {
        let request = try #require(session.startProof())
        guard case .undecided(let exact?) = try session.receive(proof: list("250"), to: request) else {
            throw Refusal(description: "nothing is asked for")
        }
        #expect(exact.only?.name == "a" && exact.exactly == session.version)
        return try #require(session.goOnWithoutVersion(after: exact))
    }

    @Test(arguments: [("70", "u"), ("99", "u"), ("80", "other"), ("99", "other")])
    func `a store that has dropped the known version is refuted by an object of before`(version: String, uid: String) throws {
        var session = try knowing()
        let request = try withoutVersion(&session)
        #expect(request.only?.name == "b" && request.exactly == nil)
        let refusal = Refusal(
            description: "b is at version \(version), but was at 80 before: the cluster was restored",
            showsOtherHistory: true
        )
        #expect(throws: refusal) { _ = try session.receive(proof: list("250", [object("b", version, uid: uid)]), to: request) }
        #expect(session.version == nil && session.isHistoryBroken)
    }

    @Test func `an object of before proves nothing of what was written behind it`() throws {
        for items in [[object("b", "80")], [], [object("b", "240")]] {
            var session = try knowing()
            let request = try withoutVersion(&session)
            guard case .undecided(nil) = try session.receive(proof: list("250", items), to: request) else {
                Issue.record("the history was taken for proved")
                continue
            }
            #expect(!session.isHistoryBroken)
        }
    }

    @Test func `nothing is proved when nothing is left`() throws {
        var session = try knowing()
        _ = try session.receive(.deleted(object("a", "101")))
        _ = try session.receive(.deleted(object("b", "102")))
        #expect(session.startProof() == nil)
    }

    @Test(arguments: [
        ("99", "90", "the store is at version 99, but was at 100 before: the cluster was wiped or restored"),
        ("200", "70", "a is at version 70, but was at 90 before: the cluster was restored"),
        ("200", "95", "a is at version 95, but was at 90 before: the cluster was restored"),
    ])
    func `a store that was set back is noticed, also when it was written past the known version`(
        store: String,
        witness: String,
        reason: String
    ) throws {
        var session = try knowing()
        let refusal = Refusal(description: reason, showsOtherHistory: true)
        #expect(throws: refusal) { _ = try prove(&session, list(store, [object("a", witness)])) }
        #expect(session.version == nil && session.isHistoryBroken)
    }

    @Test func `versions that are no numbers are compared for equality only`() throws {
        var session = Session(resource: .endpointSlices, pageSize: 10)
        _ = try session.receive(list("abc", [object("a", "x")]), to: session.startList())
        #expect(try prove(&session, list("aaa", [object("a", "x")])))
        _ = try session.receive(list("aaa"), to: session.startList())
        #expect(!session.isHistoryBroken)
    }

    // MARK: - Watches

    @Test func `each event moves the version on, and a bookmark does`() throws {
        var session = try knowing()
        #expect(try session.receive(.written(object("c", "101"))) == .written(object("c", "101")))
        #expect(session.version?.description == "101" && session.startProof()?.only?.name == "c")
        #expect(try session.receive(.deleted(object("c", "105"))) == .deleted(object("c", "105")))
        #expect(session.version?.description == "105" && session.startProof()?.only?.name == "a")
        #expect(try session.receive(.bookmark(object("", "230"))) == .progress)
        #expect(session.startWatch()?.version.description == "230")
    }

    @Test func `an event that cannot be used may have been a change, so that a list comes next`() throws {
        let cases: [(WatchEvent, Refusal)] = [
            (
                .written(object("c", "101", kind: "Endpoints")),
                Refusal(description: "expected kind EndpointSlice of discovery.k8s.io/v1, found Endpoints of v1")
            ),
            (.written(object("c", "101", kind: nil)), Refusal(description: "expected kind EndpointSlice of discovery.k8s.io/v1, found none of none")),
            (.written(object("c", "")), Refusal(description: "an event has no resourceVersion")),
            (.deleted(object("", "101")), Refusal(description: "an event is about an object without a name")),
            (
                .bookmark(object("", "99")),
                Refusal(
                    description: "the store is at version 99, but was at 100 before: the cluster was wiped or restored",
                    showsOtherHistory: true
                )
            ),
        ]
        for (event, refusal) in cases {
            var session = try knowing()
            #expect(throws: refusal) { _ = try session.receive(event) }
            #expect(session.version == nil && session.isHistoryBroken == refusal.showsOtherHistory)
        }
    }

    @Test(arguments: [
        (410, "Expired", false, true), (400, "BadRequest", false, false), (500, "InternalError", true, false), (429, "TooManyRequests", true, false),
        (504, "Timeout", true, false),
    ])
    func `an error event keeps the place when the same may succeed later`(code: Int, reason: String, keepsPlace: Bool, isExpired: Bool) throws {
        var session = try knowing()
        let status = Status(message: "words", reason: reason, code: code)
        #expect(try session.receive(.error(status)) == (isExpired ? .placeLost("words") : .failed(status)))
        #expect((session.version != nil) == keepsPlace)
        #expect(!session.isHistoryBroken)
    }

    @Test func `the third internal error in a row loses the place`() throws {
        var session = try knowing()
        for _ in 0..<2 { session.noteInternalError() }
        _ = try session.receive(.written(object("c", "101")))
        for _ in 0..<2 { session.noteInternalError() }
        session.noteSuccess()
        for _ in 0..<2 { session.noteInternalError() }
        #expect(session.version != nil)
        session.noteInternalError()
        #expect(session.version == nil && !session.isHistoryBroken)
    }

    @Test func `the few objects written last are kept`() {
        var witnesses = Witnesses()
        for version in [5, 3, 9, 1, 7, 8, 2, 6, 4, 10] {
            guard let version = ResourceVersion("\(version)") else { continue }
            witnesses.add(.init(namespace: "lab", name: "\(version)", uid: "u", version: version))
        }
        #expect(witnesses.before("10", in: "lab")?.name == "9" && witnesses.before("3", in: "lab") == nil)
        #expect(witnesses.named("4", in: "lab")?.version.description == "4" && witnesses.named("4", in: "other") == nil)
        var kept: [String] = []
        while let latest = witnesses.latest {
            kept.append(latest.name)
            witnesses.remove(latest.name, in: latest.namespace)
        }
        #expect(kept == ["10", "9", "8", "7", "6", "5", "4", "3"])
    }
}

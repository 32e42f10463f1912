import Balancing
import Discovery
import FoundationEssentials
import HTTPTransport
import Testing

@testable import EtcdSource

struct SessionTests {
    private let keys = KeySpace(prefix: "/p")

    /// A session that has listed cluster 1 at revision 10, with the watch created as number 0.
    private func watching() throws -> Session {
        var session = try listed()
        _ = session.startWatch()
        try #require(try session.receive(created(10)) == .watching)
        return session
    }

    private func listed() throws -> Session {
        var session = Session(keys: keys, pageSize: 2)
        _ = session.startList()
        try #require(try session.receive(RangeResponse(header: header(10))) == nil)
        return session
    }

    /// Whether an answer is refused for showing another history than the known one.
    private func showsOtherHistory(_ body: () throws -> some Any) -> Bool {
        do {
            _ = try body()
            return false
        } catch {
            return (error as? Refusal)?.showsOtherHistory == true
        }
    }

    private func header(_ revision: Int64, cluster: UInt64 = 1, term: UInt64 = 2) -> ResponseHeader {
        ResponseHeader(clusterID: cluster, revision: revision, raftTerm: term)
    }

    private func created(_ revision: Int64, cluster: UInt64 = 1, watchID: Int64 = 0) -> WatchResponse {
        WatchResponse(header: header(revision, cluster: cluster), watchID: watchID, isCreated: true)
    }

    private func key(_ name: String, _ revision: Int64) -> KeyValue {
        KeyValue(key: Array(name.utf8), modRevision: revision)
    }

    private func events(_ revisions: [Int64], header revision: Int64, watchID: Int64 = 0) -> WatchResponse {
        let events = revisions.map { WatchResponse.Event(keyValue: key("/p/web/10.0.0.1:80", $0)) }
        return WatchResponse(header: header(revision), watchID: watchID, events: events)
    }

    // MARK: - List

    @Test func `a list is read page by page at the revision of its first page`() throws {
        var session = Session(keys: keys, pageSize: 2)
        #expect(session.startWatch() == nil)
        let end = Array("/p0".utf8)
        #expect(session.startList() == RangeRequest(key: Array("/p/".utf8), rangeEnd: end, limit: 2))
        let first = RangeResponse(header: header(10), keyValues: [key("/p/a", 1), key("/p/b", 2)], hasMore: true)
        let second = RangeRequest(key: Array("/p/b\0".utf8), rangeEnd: end, limit: 2, revision: 10)
        #expect(try session.receive(first) == second)
        #expect(session.startWatch() == nil)
        // The header of a later page has the revision of its own moment.
        let last = RangeResponse(header: header(15), keyValues: [key("/p/c", 3)])
        #expect(try session.receive(last) == nil)
        #expect(session.startWatch() == WatchRequest(key: Array("/p/".utf8), rangeEnd: end, startRevision: 11))
    }

    @Test func `pages that were made smaller grow again with each complete list`() throws {
        var session = Session(keys: keys, pageSize: 1000)
        let shrunk = [session.shrinkPages(), session.shrinkPages()]
        #expect(shrunk == [true, true])
        for limit in [15, 120, 960, 1000, 1000] as [Int64] {
            let request = session.startList()
            #expect(request.limit == limit)
            _ = try session.receive(RangeResponse(header: header(10)))
        }
        let shrinks = (1...5).map { _ in session.shrinkPages() }
        #expect(shrinks == [true, true, true, false, false])
        session.forget()
        let request = session.startList()
        #expect(request.limit == 1)
    }

    @Test func `an answer that is not a page of the same list is refused, and nothing is known then`() throws {
        let refused: [RangeResponse] = [
            RangeResponse(header: nil), RangeResponse(header: header(0)), RangeResponse(header: header(11, cluster: 2)),
            RangeResponse(header: header(11), hasMore: true),
        ]
        for page in refused {
            var session = try watching()
            _ = session.startList()
            _ = try session.receive(RangeResponse(header: header(10), keyValues: [key("/p/a", 1)], hasMore: true))
            #expect(throws: Refusal.self) { try session.receive(page) }
            #expect(session.startWatch() == nil)
        }
    }

    @Test func `a page that does not begin where it was asked for is refused, or the list would never end`() throws {
        let pages = [["/p/a"], ["/p/b"], ["/p/c", "/p/a"], ["/p"]]
        for names in pages {
            var session = Session(keys: keys, pageSize: 2)
            _ = session.startList()
            let first = RangeResponse(header: header(10), keyValues: [key("/p/a", 1), key("/p/b", 2)], hasMore: true)
            _ = try session.receive(first)
            let page = RangeResponse(header: header(10), keyValues: names.map { key($0, 1) }, hasMore: true)
            let reason = "a page of the list begins before the place that was asked for: this is not etcd"
            #expect(throws: Refusal(description: reason)) { try session.receive(page) }
            #expect(session.startWatch() == nil)
        }
    }

    @Test func `a list that is behind, of another cluster or of an earlier term is refused until the history is forgotten`() throws {
        let others = [header(9), header(10, cluster: 2), header(30, cluster: 2), header(10, term: 1)]
        for other in others {
            var session = try listed()
            _ = session.startList()
            #expect(showsOtherHistory { try session.receive(RangeResponse(header: other)) })
            // At the next endpoint.
            _ = session.startList()
            #expect(try session.receive(RangeResponse(header: self.header(10))) == nil)
            #expect(session.startWatch()?.startRevision == 11)
        }
        var session = try listed()
        session.forget()
        #expect(session.startProof() == nil && session.startWatch() == nil && !session.isKnowing)
        _ = session.startList()
        #expect(try session.receive(RangeResponse(header: header(3, cluster: 2, term: 1))) == nil)
        #expect(session.startWatch()?.startRevision == 4)
        #expect(try session.receive(created(3, cluster: 2)) == .watching)
    }

    // MARK: - Resuming

    @Test func `a watch is resumed behind the last event, not behind the header`() throws {
        var session = try watching()
        let response = events([11, 11, 12], header: 2508)
        #expect(try session.receive(response) == .changes(response.events, revision: 12))
        #expect(session.startWatch()?.startRevision == 13)
    }

    @Test func `progress moves on to the header`() throws {
        var session = try watching()
        #expect(try session.receive(events([], header: 20)) == .progress(revision: 20))
        #expect(try session.receive(events([], header: 25, watchID: -1)) == .progress(revision: 25))
        #expect(session.startWatch()?.startRevision == 26)
    }

    @Test func `progress never goes back`() throws {
        var session = try watching()
        for revision in [9, 10, 0] as [Int64] { #expect(try session.receive(events([], header: revision)) == .none) }
        #expect(try session.receive(WatchResponse(header: nil)) == .none)
        #expect(session.startWatch()?.startRevision == 11)
    }

    @Test func `answers of other watches, and those before creation, are not ours`() throws {
        var session = try watching()
        #expect(try session.receive(events([11], header: 11, watchID: 7)) == .none)
        #expect(try session.receive(events([11], header: 11, watchID: -1)) == .none)
        #expect(session.startWatch()?.startRevision == 11)
        #expect(try session.receive(events([11], header: 11)) == .none)
        #expect(try session.receive(events([], header: 11)) == .none)
        #expect(try session.receive(created(10, watchID: 7)) == .watching)
        #expect(try session.receive(events([11], header: 11, watchID: 7)) != .none)
        #expect(session.startWatch()?.startRevision == 12)
    }

    // MARK: - Lost history

    @Test func `a store behind the place to resume is not believed, and what is known stays`() throws {
        var session = try listed()
        _ = session.startWatch()
        let reason = "the store is at revision 9, but was at 10 before: it lags behind, or was wiped or restored"
        #expect(throws: Refusal(description: reason, showsOtherHistory: true)) { try session.receive(self.created(9)) }
        #expect(session.startWatch()?.startRevision == 11)
        #expect(try session.receive(created(10)) == .watching)
    }

    @Test func `another cluster has another history`() throws {
        var session = try listed()
        _ = session.startWatch()
        #expect(showsOtherHistory { try session.receive(self.created(10, cluster: 2)) })
        session = try watching()
        #expect(showsOtherHistory { try session.receive(WatchResponse(header: self.header(50, cluster: 2))) })
        #expect(session.startWatch()?.startRevision == 11)
    }

    @Test func `compaction has lost the history, whichever way etcd says it`() throws {
        for response in [
            WatchResponse(header: header(0), isCanceled: true, compactRevision: 15),
            WatchResponse(header: header(20), watchID: -1, isCreated: true, isCanceled: true, compactRevision: 15),
            WatchResponse(isCanceled: true, cancelReason: "mvcc: required revision has been compacted"),
        ] {
            var session = try watching()
            guard case .placeLost(let reason) = try session.receive(response) else {
                Issue.record("\(response) was not understood")
                continue
            }
            #expect(reason.hasPrefix("revision 11 has been compacted"))
            #expect(session.startWatch() == nil)
        }
    }

    @Test func `an event of the past shows another history`() throws {
        var session = try watching()
        let reason = "an event of revision 10 came when 11 was next"
        #expect(throws: Refusal(description: reason, showsOtherHistory: true)) { try session.receive(self.events([10], header: 30)) }
        session = try watching()
        #expect(showsOtherHistory { try session.receive(self.events([12, 11], header: 30)) })
        #expect(session.startWatch()?.startRevision == 11)
    }

    @Test func `a cancellation for another reason is a failure that keeps the place`() throws {
        var session = try watching()
        let refused = WatchResponse(header: header(10), watchID: -1, isCreated: true, isCanceled: true, cancelReason: "permission denied")
        #expect(throws: Refusal(description: "permission denied")) { try session.receive(refused) }
        #expect(throws: Refusal(description: "etcd canceled the watch")) { try session.receive(WatchResponse(isCanceled: true)) }
        #expect(session.startWatch()?.startRevision == 11)
    }

    // MARK: - Proof

    /// A session that knows key `/p/a` of revision 3 and `/p/b` of revision 7, and everything up to revision 10.
    private func knowing() throws -> Session {
        var session = Session(keys: keys, pageSize: 10)
        _ = session.startList()
        _ = try session.receive(RangeResponse(header: header(10), keyValues: [key("/p/b", 7), key("/p/a", 3)]))
        return session
    }

    /// The number of its keys.
    private var two: RangeResponse { RangeResponse(header: header(99), count: 2) }

    @Test func `a store proves its history by what was written last, as it was`() throws {
        var session = try knowing()
        let requests = try #require(session.startProof())
        #expect(requests.witness == RangeRequest(key: Array("/p/b".utf8), limit: 1, revision: 10))
        let count = RangeRequest(key: Array("/p/".utf8), rangeEnd: Array("/p0".utf8), limit: 0, revision: 10, isCountOnly: true)
        #expect(requests.count == count)
        try session.receive(proof: RangeResponse(header: header(99, term: 3), keyValues: [key("/p/b", 7)]), count: two)
        #expect(session.startWatch()?.startRevision == 11)
        // The term of the proof is the least from now on.
        let older = RangeResponse(header: header(99), keyValues: [key("/p/b", 7)])
        #expect(showsOtherHistory { try session.receive(proof: older, count: two) })
        #expect(session.startWatch()?.startRevision == 11)
    }

    @Test func `a store that has lost nothing but deletions shows it by the number of its keys`() throws {
        let witness = RangeResponse(header: header(99), keyValues: [key("/p/b", 7)])
        for count in [0, 1, 3] as [Int64] {
            var session = try knowing()
            #expect(showsOtherHistory { try session.receive(proof: witness, count: RangeResponse(header: self.header(99), count: count)) })
            #expect(session.startWatch()?.startRevision == 11)
        }
        var session = try knowing()
        #expect(throws: Refusal.self) { try session.receive(proof: witness, count: RangeResponse(header: nil, count: 2)) }
        #expect(showsOtherHistory { try session.receive(proof: witness, count: RangeResponse(header: self.header(9), count: 2)) })
    }

    @Test func `any difference shows that the history is not ours`() throws {
        var values = [KeyValue](repeating: key("/p/b", 7), count: 4)
        values[0].value = Array("other".utf8)
        values[1].createRevision = 2
        values[2].modRevision = 6
        values[3].version = 2
        var answers = values.map { RangeResponse(header: header(10), keyValues: [$0]) }
        answers += [
            RangeResponse(header: header(10)), RangeResponse(header: header(10, cluster: 2), keyValues: [key("/p/b", 7)]),
            RangeResponse(header: header(10, term: 1), keyValues: [key("/p/b", 7)]), RangeResponse(header: header(9), keyValues: [key("/p/b", 7)]),
        ]
        for answer in answers {
            var session = try knowing()
            #expect(showsOtherHistory { try session.receive(proof: answer, count: two) })
            #expect(session.startWatch()?.startRevision == 11)
        }
        var session = try knowing()
        #expect(throws: Refusal.self) { try session.receive(proof: RangeResponse(header: nil), count: two) }
        #expect(session.startWatch() != nil)
    }

    @Test func `a store that has as many keys, all written before, holds what is known`() throws {
        var session = try knowing()
        let requests = try #require(session.startComparison())
        let (prefix, end) = (Array("/p/".utf8), Array("/p0".utf8))
        #expect(requests.changes == RangeRequest(key: prefix, rangeEnd: end, limit: 1, minimumModRevision: 11, isKeysOnly: true))
        #expect(requests.witness == RangeRequest(key: Array("/p/b".utf8), limit: 1))
        let changes = RangeResponse(header: header(50), count: 2)
        #expect(try session.receive(changes: changes, witness: RangeResponse(header: header(52), keyValues: [key("/p/b", 7)])) == nil)
        // What was written between the two answers is still to come.
        #expect(session.startWatch()?.startRevision == 51)
    }

    @Test func `a comparison that shows a change in the known history asks for a list`() throws {
        let same = RangeResponse(header: header(50), count: 2)
        let witness = RangeResponse(header: header(50), keyValues: [key("/p/b", 7)])
        let changes: [(changes: RangeResponse, witness: RangeResponse)] = [
            (RangeResponse(header: header(50), count: 1), witness), (RangeResponse(header: header(50), count: 3), witness),
            (RangeResponse(header: header(50), keyValues: [key("/p/a", 11)], count: 2), witness),
            (same, RangeResponse(header: header(50))), (same, RangeResponse(header: header(50), keyValues: [key("/p/b", 11)])),
        ]
        for change in changes {
            var session = try knowing()
            #expect(try session.receive(changes: change.changes, witness: change.witness) != nil)
            #expect(session.startWatch() == nil && session.startProof() == nil && session.startComparison() == nil && session.isKnowing)
        }
        let others: [(changes: RangeResponse, witness: RangeResponse)] = [
            (RangeResponse(header: header(9), count: 2), witness), (RangeResponse(header: header(50, cluster: 2), count: 2), witness),
            (same, RangeResponse(header: header(50), keyValues: [key("/p/b", 8)])),
            (same, RangeResponse(header: header(49), keyValues: [key("/p/b", 7)])),
            (same, RangeResponse(header: header(50, cluster: 2), keyValues: [key("/p/b", 7)])),
            (same, RangeResponse(header: header(50, term: 1), keyValues: [key("/p/b", 7)])),
        ]
        for other in others {
            var session = try knowing()
            #expect(showsOtherHistory { try session.receive(changes: other.changes, witness: other.witness) })
            #expect(session.startWatch()?.startRevision == 11)
        }
        var session = try knowing()
        #expect(throws: Refusal.self) { try session.receive(changes: RangeResponse(header: nil), witness: witness) }
        #expect(throws: Refusal.self) { try session.receive(changes: same, witness: RangeResponse(header: nil)) }
        #expect(session.startWatch()?.startRevision == 11)
    }

    @Test func `the number of keys follows the events`() throws {
        var session = try knowing()
        _ = session.startWatch()
        _ = try session.receive(created(10))
        var created = key("/p/c", 11)
        created.version = 1
        var updated = key("/p/a", 12)
        updated.version = 2
        let events = [
            WatchResponse.Event(keyValue: created), WatchResponse.Event(keyValue: updated),
            WatchResponse.Event(isDeletion: true, keyValue: key("/p/b", 13)), WatchResponse.Event(isDeletion: true, keyValue: key("/p/c", 14)),
        ]
        _ = try session.receive(WatchResponse(header: header(14), events: events))
        let witness = RangeResponse(header: header(20), keyValues: [updated])
        #expect(try session.receive(changes: RangeResponse(header: header(20), count: 1), witness: witness) == nil)
    }

    @Test func `what was written last follows the events`() throws {
        var session = try knowing()
        _ = session.startWatch()
        _ = try session.receive(created(10))
        func receive(_ name: String, _ revision: Int64, isDeletion: Bool = false) throws -> [UInt8]? {
            let event = WatchResponse.Event(isDeletion: isDeletion, keyValue: key(name, revision))
            _ = try session.receive(WatchResponse(header: header(revision), events: [event]))
            return session.startProof()?.witness.key
        }
        #expect(try receive("/p/a", 11) == Array("/p/a".utf8))
        #expect(try receive("/p/a", 12, isDeletion: true) == Array("/p/b".utf8))
        #expect(try receive("/p/b", 13, isDeletion: true) == nil)
        #expect(try receive("/p/c", 14) == Array("/p/c".utf8))
    }

    @Test func `the few keys written last are kept`() {
        var witnesses = Witnesses()
        for revision in [5, 3, 9, 1, 7, 8, 2, 6, 4, 10] as [Int64] { witnesses.add(key("/p/\(revision)", revision)) }
        var kept: [Int64] = []
        while let latest = witnesses.latest {
            kept.append(latest.modRevision)
            witnesses.remove(latest.key)
        }
        #expect(kept == [10, 9, 8, 7, 6, 5, 4, 3])
    }

    // MARK: - Cuts

    @Test func `a stream cut anywhere and resumed gives the same table`() throws {
        func apply(_ bytes: some Sequence<UInt8>, _ session: inout Session, _ table: inout SourceTable) throws {
            var lines = LineSplitter(limit: 1 << 20)
            var reader = PeerValueReader()
            for line in try lines.append(Array(bytes)) {
                let response = try JSONDecoder().decode(WatchResponse.self, from: Data(line))
                guard case .changes(let events, _) = try session.receive(response) else { continue }
                for event in events { table.apply(keys.entry(event, reader: &reader)) }
            }
        }
        let keys = KeySpace(prefix: "/v1/testing/services/")
        func begin() throws -> Session {
            var session = Session(keys: keys, pageSize: 10)
            _ = session.startList()
            _ = try session.receive(RangeResponse(header: header(1, cluster: 324_952_591_200_643_719)))
            return session
        }
        let stream = Array(RecordedStream.lines.map { $0 + "\n" }.joined().utf8)
        for cut in 0...stream.count {
            var session = try begin()
            var table = SourceTable()
            _ = session.startWatch()
            try apply(stream[..<cut], &session, &table)
            let resumed = session.startWatch()
            try apply(RecordedStream.replay(from: try #require(resumed).startRevision).map { $0 + "\n" }.joined().utf8, &session, &table)
            try #require(session.resumeRevision == 7)
            try #require(table.services["web"]?.map { "\($0.key) \($0.value.weight) \($0.value.zone)" } == ["10.0.0.3:80 7.0 ä"])
        }
    }
}

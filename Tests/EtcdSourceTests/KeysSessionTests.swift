import Balancing
import Discovery
import FoundationEssentials
import HTTPTransport
import Testing

@testable import EtcdSource

struct KeysSessionTests {
    private let keys = KeySpace(pathPrefix: "/q/p/")
    private let start = ContinuousClock.now

    private func head(_ index: UInt64, cluster: String = "1", term: UInt64? = 2) -> KeysHead {
        KeysHead(clusterID: cluster, index: index, raftTerm: term)
    }

    private func event(_ index: UInt64) -> KeysEvent {
        KeysEvent(.set, KeysNode(key: "/q/p/web/10.0.0.1:80", modifiedIndex: index), index: index)
    }

    private let directory = KeysNode(key: "/q/p", isDirectory: true)

    /// A session whose watch began at index 8, with a list of index 10 after it.
    private func watching() throws -> KeysSession {
        var session = KeysSession(keys: keys)
        try #require(session.startWatch() == nil)
        try session.receive(watch: head(8))
        try session.receive(list: directory, head(10), began: start, now: start)
        return session
    }

    /// A session whose watch goes on from index 111, at a store that is at 120.
    private func continuing() throws -> KeysSession {
        var session = try watching()
        for index in 11...110 as ClosedRange<UInt64> { _ = try session.receive(event(index), now: start) }
        try #require(session.startWatch() == 111)
        try session.receive(watch: head(120))
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

    // MARK: - List

    @Test func `events that the list shows, and those that come twice, are no news`() throws {
        var session = try watching()
        let news = try [9, 10, 12, 12, 11, 13].map { try session.receive(event($0), now: start) }
        #expect(news == [false, false, true, false, false, true])
        #expect(session.knownIndex == 13 && !session.isWatchSpent)
    }

    @Test func `every watch begins now and is followed by a list, unless the session ended it`() throws {
        var session = try watching()
        for _ in 1...3 {
            #expect(session.startWatch() == nil)
            try session.receive(watch: head(20))
            try session.receive(list: nil, head(20), began: start, now: start)
        }
    }

    @Test func `a prefix that is missing is empty at the index of the answer`() throws {
        var session = KeysSession(keys: keys)
        _ = session.startWatch()
        try session.receive(watch: head(3))
        #expect(!session.isKnowing)
        try session.receive(list: nil, head(3, term: nil), began: start, now: start)
        #expect(session.isKnowing && session.knownIndex == 3)
        // An error says nothing of the term: the known one stays.
        try session.receive(list: nil, head(4, term: 5), began: start, now: start)
        try session.receive(list: nil, head(4, term: nil), began: start, now: start)
        #expect(showsOtherHistory { try session.receive(list: nil, self.head(4, term: 4), began: self.start, now: self.start) })
    }

    @Test func `a list that is behind, of another cluster or of an earlier term is refused until the history is forgotten`() throws {
        for other in [head(9), head(10, cluster: "2"), head(30, cluster: "2"), head(10, term: 1)] {
            var session = try watching()
            _ = session.startWatch()
            // The watch alone proves nothing: a member that lags behind catches up before it answers the list.
            try session.receive(watch: head(5, cluster: other.clusterID))
            #expect(showsOtherHistory { try session.receive(list: self.directory, other, began: self.start, now: self.start) })
            #expect(session.knownIndex == 10)
            // At the next endpoint.
            _ = session.startWatch()
            try session.receive(watch: head(10))
            try session.receive(list: directory, head(10), began: start, now: start)
            #expect(session.knownIndex == 10)
        }
        var session = try watching()
        session.forget()
        #expect(!session.isKnowing && session.startWatch() == nil)
        try session.receive(watch: head(3, cluster: "2", term: 1))
        try session.receive(list: directory, head(3, cluster: "2", term: 1), began: start, now: start)
        #expect(session.knownIndex == 3)
    }

    @Test func `an answer that is not about the prefix, or older than the watch before it, is refused`() throws {
        var session = try watching()
        for key in ["", "/q", "/q/p/", "/q/pp"] {
            #expect(throws: Refusal(description: "the answer is not about what was asked for: this is not etcd")) {
                try session.receive(list: KeysNode(key: key, isDirectory: true), self.head(11), began: self.start, now: self.start)
            }
        }
        _ = session.startWatch()
        try session.receive(watch: head(20))
        #expect(showsOtherHistory { try session.receive(list: self.directory, self.head(19), began: self.start, now: self.start) })
        #expect(session.knownIndex == 10)
    }

    // MARK: - Going on

    @Test func `a stream is believed for as many events as etcd holds for it, and then begun again behind the last`() throws {
        var session = try watching()
        // Also those that are no news have been held.
        for index in [9, 10] as [UInt64] { _ = try session.receive(event(index), now: start) }
        for index in 11...107 as ClosedRange<UInt64> {
            _ = try session.receive(event(index), now: start)
            try #require(!session.isWatchSpent)
        }
        #expect(try session.receive(event(108), now: start))
        #expect(session.isWatchSpent)
        #expect(throws: Refusal.self) { try session.receive(self.event(109), now: self.start) }
        #expect(session.startWatch() == 109)
        #expect(!session.isWatchSpent)
        // Once only: when that fails, or at another endpoint, there is a list.
        #expect(session.startWatch() == nil)
    }

    @Test func `an event of the past is the only one of its stream`() throws {
        var session = try continuing()
        #expect(try session.receive(event(113), now: start))
        #expect(session.isWatchSpent && session.startWatch() == 114)
        // What happened since the stream began comes by the stream.
        try session.receive(watch: head(120))
        #expect(try session.receive(event(121), now: start))
        #expect(!session.isWatchSpent)
        #expect(try session.receive(event(125), now: start))
        #expect(session.knownIndex == 125 && !session.isWatchSpent)
    }

    @Test func `who does not catch up one by one within a second lists`() throws {
        var session = try continuing()
        var now = start
        for index in 111...120 as ClosedRange<UInt64> {
            _ = try session.receive(event(index), now: now)
            #expect(session.isWatchSpent)
            now += .milliseconds(112)
            let next = session.startWatch()
            #expect(next == (index < 120 ? index + 1 : nil))
            try session.receive(watch: head(200))
        }
        try session.receive(list: directory, head(200), began: now, now: now)
        // An event that is not of the past ends the count.
        session = try continuing()
        _ = try session.receive(event(111), now: start)
        _ = session.startWatch()
        try session.receive(watch: head(111))
        for index in 112...211 as ClosedRange<UInt64> { _ = try session.receive(event(index), now: start + .seconds(1)) }
        #expect(session.startWatch() == 212)
        try session.receive(watch: head(215))
        _ = try session.receive(event(213), now: start + .milliseconds(1900))
        #expect(session.startWatch() == 214)
    }

    @Test func `a list takes a tenth of the time at most: until then events are fetched one by one, or the list waits`() throws {
        var session = try watching()
        _ = session.startWatch()
        try session.receive(watch: head(10))
        #expect(session.listPause(at: start) == .zero)
        try session.receive(list: directory, head(10), began: start - .seconds(2), now: start)
        #expect(session.listPause(at: start) == .seconds(20) && session.listPause(at: start + .seconds(21)) == .zero)
        for index in 11...110 as ClosedRange<UInt64> { _ = try session.receive(event(index), now: start) }
        var index: UInt64 = 111
        for tenth in 0...200 {
            try #require(session.startWatch() == index)
            try session.receive(watch: head(9999))
            _ = try session.receive(event(index), now: start + .milliseconds(100 * tenth))
            index += 1
        }
        #expect(session.startWatch() == nil)
        // A place that is lost, and a history that was broken, do not make it shorter.
        try session.receive(watch: head(9999))
        try session.receive(list: directory, head(9999), began: start, now: start + .seconds(1))
        _ = session.losePlace("why")
        session.forget()
        #expect(session.startWatch() == nil && session.listPause(at: start + .seconds(1)) == .seconds(10))
        // One that took very long is not waited for longer than lists are apart anyway.
        try session.receive(watch: head(9999))
        try session.receive(list: directory, head(9999), began: start, now: start + .seconds(100))
        #expect(session.listPause(at: start + .seconds(100)) == .seconds(300))
    }

    @Test func `what goes on for minutes is listed again, whatever its stream says`() throws {
        var session = try watching()
        _ = try session.receive(event(11), now: start + .seconds(299))
        #expect(!session.isWatchSpent)
        #expect(try session.receive(event(12), now: start + .seconds(300)))
        #expect(session.isWatchSpent && session.startWatch() == nil)
        // In the middle of going on as well.
        session = try continuing()
        _ = try session.receive(event(115), now: start + .seconds(300))
        #expect(session.isWatchSpent && session.startWatch() == nil)
    }

    @Test func `a place that is lost is followed by a list`() throws {
        var session = try watching()
        for index in 11...110 as ClosedRange<UInt64> { _ = try session.receive(event(index), now: start) }
        #expect(session.losePlace("why") == "why")
        #expect(session.startWatch() == nil)
    }

    @Test func `a watch that goes on is refused at a store of another history`() throws {
        for other in [head(109), head(120, cluster: "2"), head(120, term: 1)] {
            var session = try continuing()
            for index in 121...220 as ClosedRange<UInt64> { _ = try session.receive(event(index), now: start) }
            #expect(session.startWatch() == 221)
            #expect(showsOtherHistory { try session.receive(watch: other) })
            #expect(session.startWatch() == nil && session.knownIndex == 220)
        }
    }

    @Test func `an event from before where a watch goes on shows another history`() throws {
        for index in [1, 110] as [UInt64] {
            var session = try continuing()
            let reason = "an event of index \(index) came when 111 was next"
            #expect(throws: Refusal(description: reason, showsOtherHistory: true)) { try session.receive(self.event(index), now: self.start) }
            #expect(session.startWatch() == nil)
        }
    }

    // MARK: - Recordings

    /// What a table says, in lines.
    private func lines(_ table: SourceTable) -> [String] {
        let peers = table.services.flatMap { name, peers in peers.map { "\(name)/\($0.key) \($0.value.weight) \($0.value.zone)" } }
        return (table.services.keys + peers + table.skipped.map { "\($0.key): \($0.value)" }).sorted()
    }

    private func list(_ body: String) throws -> (root: KeysNode?, table: SourceTable) {
        var table = SourceTable()
        var reader = PeerValueReader()
        let root = try? JSONDecoder().decode(KeysAnswer.self, from: Data(body.utf8)).node
        if root == nil { try #require(JSONDecoder().decode(KeysError.self, from: Data(body.utf8)).saysNotFound) }
        if let root { keys.forEachEntry(from: root, reader: &reader) { table.apply($0) } }
        return (root, table)
    }

    /// The table after a list, and then the events of the recorded stream as far as these bytes and this index go.
    private func table(after list: (index: UInt64, body: String), _ bytes: some Sequence<UInt8>, upTo last: UInt64 = .max) throws -> SourceTable {
        var session = KeysSession(keys: keys)
        _ = session.startWatch()
        try session.receive(watch: RecordedKeys.head)
        var (root, table) = try self.list(list.body)
        try session.receive(list: root, KeysHead(clusterID: RecordedKeys.head.clusterID, index: list.index, raftTerm: 2), began: start, now: start)
        var splitter = LineSplitter(limit: 1 << 20)
        var reader = PeerValueReader()
        for line in try splitter.append(Array(bytes)) {
            let event = try JSONDecoder().decode(KeysEvent.self, from: Data(line))
            guard event.index <= last, try session.receive(event, now: start) else { continue }
            switch try #require(keys.change(event, reader: &reader)) {
            case .entry(let entry): table.apply(entry)
            case .removal(let directory): table.removeAll(below: directory)
            }
        }
        return table
    }

    private let stream = Array(RecordedKeys.lines.map { $0 + "\n" }.joined().utf8)

    @Test func `whichever list a stream goes on from, it leads to what every later list shows`() throws {
        var seen: Set<[String]> = []
        for earlier in RecordedKeys.lists {
            for later in RecordedKeys.lists where later.index >= earlier.index {
                let expected = try lines(list(later.body).table)
                #expect(try lines(table(after: earlier, stream, upTo: later.index)) == expected)
                seen.insert(expected)
            }
        }
        #expect(seen.count == 5)
    }

    @Test func `a stream cut anywhere leads as far as its last whole line, and a list from there to its end`() throws {
        let first = RecordedKeys.lists[0]
        let last = try #require(RecordedKeys.lists.last)
        var end = 0
        var reached = try lines(table(after: first, []))
        for cut in 0...stream.count {
            if cut > 0, stream[cut - 1] == UInt8(ascii: "\n") {
                end = cut
                reached = try lines(table(after: first, stream[..<end]))
            }
            try #require(try lines(table(after: first, stream[..<cut])) == reached)
        }
        #expect(try reached == lines(list(last.body).table))
        #expect(try lines(table(after: last, stream)) == reached)
    }
}

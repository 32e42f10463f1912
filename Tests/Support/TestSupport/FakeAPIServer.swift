import Foundation
import Synchronization

/// A small Kubernetes API server: lists in pages and watches of EndpointSlices and Endpoints, as a real one does it on the wire (see the
/// recordings of `KubernetesSourceTests`), with what goes wrong at the word of a test.
///
/// It keeps objects, one count of versions for all of them, and the history of changes behind the last compaction. Thread-safe.
package final class FakeAPIServer: Sendable {
    /// How long a watch waits at most before it looks whether its client is still there.
    private static let watchPoll = 0.02

    private let state = State()
    private let server: Mutex<ScriptedHTTPServer?> = Mutex(nil)
    /// The port on 127.0.0.1, which stays the same over ``stop()`` and ``start()``.
    package let port: UInt16
    private let reserved: ReservedPort

    /// Starts a server without objects.
    package init() throws {
        reserved = try ReservedPort()
        port = reserved.number
        try start()
    }

    deinit {
        stop()
    }

    /// `http://127.0.0.1:port`.
    package var url: String { "http://127.0.0.1:\(port)" }

    /// Serves again after ``stop()``.
    package func start() throws {
        let state = state
        let started = try ScriptedHTTPServer(port: port) { connection in
            while true { try Self.serve(try connection.receiveRequest(), on: connection, state) }
        }
        server.withLock { $0 = started }
    }

    /// Closes the port and every connection, as `kill -9` does.
    package func stop() {
        server.withLock { $0?.stop() }
        state.change { $0.commands.append(.init(number: $0.commands.count, kind: .cut)) }
    }
}

// MARK: - What a test does with it

extension FakeAPIServer {
    /// The objects and the version at one moment, as a backup of the store has them.
    package struct Backup: Sendable {
        let objects: [String: Stored]
        let version: Int
    }

    /// Writes an object, which is there already or not.
    package func write(_ object: Object) {
        state.change { $0.write(object) }
    }

    /// Deletes an object.
    package func delete(_ name: String, _ resource: String = "endpointslices", namespace: String = "lab") {
        state.change { $0.delete("\(resource)/\(namespace)/\(name)") }
    }

    /// Changes something else, which only counts a version up.
    package func advance(by count: Int = 1) {
        state.change { $0.version += count }
    }

    /// The version of the store.
    package var version: Int { state.read { $0.version } }

    /// Forgets all changes so far: who asks for them is told that they are gone.
    package func compact() {
        state.change { $0.floor = $0.version }
    }

    /// Forgets the lists under way: who asks for a further page is told that its token has expired.
    package func expireLists() {
        state.change { $0.lists = [:] }
    }

    /// What there is now.
    package func backup() -> Backup {
        state.read { Backup(objects: $0.objects, version: $0.version) }
    }

    /// Replaces everything by a backup, as when a cluster is restored: watches end, and versions count on from there.
    package func restore(_ backup: Backup) {
        state.change { state in
            state.objects = backup.objects
            state.version = backup.version
            state.changes = []
            state.floor = backup.version
            state.lists = [:]
            state.commands.append(.init(number: state.commands.count, kind: .cut))
        }
    }

    /// Sends a bookmark to every watch.
    package func sendBookmarks() {
        command(.bookmark)
    }

    /// Sends a line to every watch as it is.
    package func sendLine(_ line: String) {
        command(.line(line))
    }

    /// Ends every watch in good order.
    package func endWatches() {
        command(.end)
    }

    /// Breaks every watch off.
    package func cutWatches() {
        command(.cut)
    }

    /// Ends every watch with an `ERROR` event.
    package func failWatches(_ code: Int, _ reason: String, _ message: String) {
        command(.fail(Self.status(code, reason, message)))
    }

    private func command(_ kind: Command.Kind) {
        state.change { $0.commands.append(.init(number: $0.commands.count, kind: kind)) }
    }

    /// How many watches are open.
    package var watchCount: Int { state.read { $0.watchCount } }

    /// Every request so far.
    package var requests: [Request] { state.read { $0.requests } }

    /// Forgets the requests so far.
    package func forgetRequests() {
        state.change { $0.requests = [] }
    }

    /// Lets in those who have one of these tokens only; `nil`, as at first: everybody.
    package func accept(_ tokens: Set<String>?) {
        state.change { $0.tokens = tokens }
    }

    /// Has a test say what becomes of each request; `nil`: the right answer.
    package func onRequest(_ fault: (@Sendable (Request) -> Fault?)?) {
        state.change { $0.fault = fault }
    }

    /// Sends events in pieces of so many bytes, in chunks that begin and end anywhere; `nil`, as at first: each event in a chunk.
    package func split(into size: Int?) {
        state.change { $0.pieceSize = size }
    }
}

// MARK: - The store

extension FakeAPIServer {
    /// An object and the version of its last change.
    struct Stored: Sendable {
        let object: Object
        let version: Int
    }

    fileprivate struct Change {
        let type: String
        let before: Stored?
        let object: Object
        let version: Int
    }

    fileprivate struct Command {
        enum Kind {
            case bookmark, end, cut
            case line(String)
            case fail(String)
        }

        let number: Int
        let kind: Kind
    }

    fileprivate struct Store {
        var version = 100
        var objects: [String: Stored] = [:]
        var changes: [Change] = []
        /// A watch from before this version is refused.
        var floor = 0
        /// The lists under way, by their version.
        var lists: [Int: [String: Stored]] = [:]
        var commands: [Command] = []
        var watchCount = 0
        var requests: [Request] = []
        var tokens: Set<String>?
        var fault: (@Sendable (Request) -> Fault?)?
        var pieceSize: Int?

        mutating func write(_ object: Object) {
            version += 1
            var object = object
            let before = objects[object.key]
            // Made anew, an object is another one.
            object.uid = before?.object.uid ?? "\(object.uid)-\(version)"
            objects[object.key] = Stored(object: object, version: version)
            changes.append(Change(type: before == nil ? "ADDED" : "MODIFIED", before: before, object: object, version: version))
        }

        mutating func delete(_ key: String) {
            guard let stored = objects.removeValue(forKey: key) else { return }
            version += 1
            changes.append(Change(type: "DELETED", before: stored, object: stored.object, version: version))
        }

        /// The objects as they were at a version.
        func objects(at past: Int) -> [String: Stored] {
            changes.reversed().prefix { $0.version > past }.reduce(into: objects) { $0[$1.object.key] = $1.before }
        }

        /// The place of the first change of those that concern a request, at a place or behind it.
        func place(of request: Request, from start: Int) -> Int? {
            guard start < changes.count else { return nil }
            return changes[start...].firstIndex { request.concerns($0) }
        }
    }

    /// The store under its lock.
    // Safe to share: the store is touched under the condition's lock only.
    fileprivate final class State: @unchecked Sendable {
        private let condition = NSCondition()
        private var store = Store()

        func read<Answer>(_ body: (Store) -> Answer) -> Answer {
            condition.withLock { body(store) }
        }

        @discardableResult
        func change<Answer>(_ body: (inout Store) -> Answer) -> Answer {
            condition.withLock {
                defer { condition.broadcast() }
                return body(&store)
            }
        }

        /// Waits until the body has an answer, or until a time.
        func wait<Answer>(until date: Date, _ body: (Store) -> Answer?) -> Answer? {
            condition.withLock {
                repeat {
                    if let answer = body(store) { return answer }
                } while condition.wait(until: date)
                return body(store)
            }
        }
    }
}

// MARK: - Answers

extension FakeAPIServer {
    private static func serve(_ received: ScriptedHTTPServer.Request, on connection: ScriptedHTTPServer.Connection, _ state: State) throws {
        guard let request = Request(received) else {
            return try connection.respond(status: 404, body: status(404, "NotFound", "the server could not find the requested resource"))
        }
        let (fault, tokens) = state.change { store in
            store.requests.append(request)
            return (store.fault, store.tokens)
        }
        if let tokens, !tokens.contains(request.token ?? "") {
            return try connection.respond(status: 401, body: status(401, "Unauthorized", "Unauthorized"))
        }
        var cut: Int?
        switch fault?(request) {
        case .answer(let code, let headers, let body): return try connection.respond(status: code, headers: headers, body: body)
        case .silence: return try connection.waitForClose()
        case .watch(let text):
            try connection.beginChunks()
            if !text.isEmpty { try connection.sendChunk(text) }
            return try connection.endChunks()
        case .cut(let bytes): cut = bytes
        case nil: break
        }
        guard request.kind != .watch else { return try watch(request, on: connection, state, cut: cut) }
        let (code, body) = state.change { list(request, &$0) }
        guard let cut else { return try connection.respond(status: code, headers: [("Content-Type", "application/json")], body: body) }
        try connection.sendHead(status: code, headers: [("Content-Length", "\(body.utf8.count)")])
        try connection.send(body.utf8.prefix(cut))
        connection.close()
    }

    private static func list(_ request: Request, _ store: inout Store) -> (status: Int, body: String) {
        var version = store.version
        var objects = store.objects
        var start = ""
        if let token = request.query["continue"] {
            let parts = token.split(separator: "|", maxSplits: 1).map(String.init)
            guard parts.count == 2, let number = Int(parts[0]), let list = store.lists[number] else {
                return (410, status(410, "Expired", "The provided continue parameter is too old to display a consistent list result."))
            }
            (version, objects, start) = (number, list, parts[1])
        }
        if request.query["resourceVersionMatch"] == "Exact", let past = request.query["resourceVersion"].flatMap({ Int($0) }) {
            guard past >= store.floor else { return (410, status(410, "Expired", "The resourceVersion for the provided list is too old.")) }
            (version, objects) = (past, store.objects(at: past))
        }
        let name = request.query["fieldSelector"]?.split(separator: "=").last.map(String.init)
        let found = objects.filter { key, stored in
            request.matches(stored.object) && (name.map { $0 == stored.object.name } ?? true) && key > start
        }.sorted { $0.key < $1.key }
        let limit = Int(request.query["limit"] ?? "") ?? .max
        var continuation = ""
        if found.count > limit, limit > 0 {
            store.lists[version] = objects
            continuation = #","continue":"\#(version)|\#(found[limit - 1].key)","remainingItemCount":\#(found.count - limit)"#
        }
        let items = found.prefix(limit).map { $0.value.object.json(version: $0.value.version, withKind: false) }.joined(separator: ",")
        let kind = kindFields(of: request.resource, isList: true)
        return (200, #"{\#(kind),"metadata":{"resourceVersion":"\#(version)"\#(continuation)},"items":[\#(items)]}"#)
    }

    private enum Next {
        case change(Change, Int)
        case command(Command)
    }

    private static func watch(_ request: Request, on connection: ScriptedHTTPServer.Connection, _ state: State, cut: Int?) throws {
        guard let start = request.query["resourceVersion"].flatMap({ Int($0) }) else {
            return try connection.respond(status: 500, body: status(500, "InternalError", "resourceVersion: Invalid value"))
        }
        let floor: Int
        let pieceSize: Int?
        var (commandCount, version, place) = (0, 0, 0)
        (commandCount, floor, version, pieceSize, place) = state.change { store in
            store.watchCount += 1
            let place = store.changes.firstIndex { $0.version > start } ?? store.changes.count
            return (store.commands.count, store.floor, store.version, store.pieceSize, place)
        }
        defer { state.change { $0.watchCount -= 1 } }
        var budget = cut ?? .max
        func send(_ line: String) throws {
            let bytes = Array((line + "\n").utf8.prefix(budget))
            budget -= bytes.count
            let size = pieceSize ?? max(1, bytes.count)
            for place in stride(from: 0, to: bytes.count, by: size) { try connection.sendChunk(Array(bytes[place..<min(place + size, bytes.count)])) }
            if budget == 0 { connection.close() }
        }
        try connection.beginChunks()
        guard start >= floor else {
            try send(#"{"type":"ERROR","object":\#(status(410, "Expired", "too old resource version: \(start) (\(version))"))}"#)
            return try connection.endChunks()
        }
        let end = Date().addingTimeInterval(Double(request.query["timeoutSeconds"] ?? "") ?? 1800)
        var position = start
        while Date() < end {
            if connection.isClosedByClient { return connection.close() }
            let until = min(end, Date().addingTimeInterval(watchPoll))
            let next: Next? = state.wait(until: until) { store in
                if let found = store.place(of: request, from: place) { return .change(store.changes[found], found) }
                return store.commands.count > commandCount ? .command(store.commands[commandCount]) : nil
            }
            switch next {
            case nil: continue
            case .change(let change, let found):
                place = found + 1
                position = change.version
                try send(#"{"type":"\#(request.type(of: change))","object":\#(change.object.json(version: change.version, withKind: true))}"#)
            case .command(let command):
                commandCount += 1
                switch command.kind {
                case .bookmark:
                    version = state.read { $0.version }
                    // A store that was set back has nothing to say to those who are ahead of it.
                    guard version >= position else { continue }
                    position = version
                    try send(#"{"type":"BOOKMARK","object":{\#(kindFields(of: request.resource)),"metadata":{"resourceVersion":"\#(version)"}}}"#)
                case .line(let line): try send(line)
                case .end: return try connection.endChunks()
                case .cut: return connection.close()
                case .fail(let status):
                    try send(#"{"type":"ERROR","object":\#(status)}"#)
                    return try connection.endChunks()
                }
            }
        }
        try connection.endChunks()
    }
}

extension FakeAPIServer.Request {
    fileprivate func matches(_ object: FakeAPIServer.Object) -> Bool {
        guard object.resource == resource, namespace.map({ $0 == object.namespace }) ?? true else { return false }
        return (query["labelSelector"] ?? "").split(separator: ",").allSatisfy { term in
            let parts = term.split(separator: "=").map(String.init)
            return parts.count == 2 && object.labels[parts[0]] == parts[1]
        }
    }

    fileprivate func concerns(_ change: FakeAPIServer.Change) -> Bool {
        matches(change.object) || (change.before.map { matches($0.object) } ?? false)
    }

    /// What a change is for those who see a part of the objects: one that leaves it is gone.
    fileprivate func type(of change: FakeAPIServer.Change) -> String {
        guard change.type == "MODIFIED" else { return change.type }
        guard matches(change.object) else { return "DELETED" }
        return change.before.map { matches($0.object) } ?? false ? "MODIFIED" : "ADDED"
    }
}

import Foundation

extension FakeAPIServer {
    /// How long a watch waits at most before it looks whether its client is still there.
    private static let watchPoll = 0.02

    /// Answers one request.
    static func serve(_ received: ScriptedHTTPServer.Request, on connection: ScriptedHTTPServer.Connection, _ state: State) throws {
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
        let replacements: Int
        let pieceSize: Int?
        var (commandCount, version, place) = (0, 0, 0)
        (commandCount, floor, replacements, version, pieceSize, place) = state.change { store in
            store.watchCount += 1
            let place = store.changes.firstIndex { $0.version > start } ?? store.changes.count
            return (store.commands.count, store.floor, store.replacements, store.version, store.pieceSize, place)
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
                guard store.replacements == replacements else { return .command(.init(number: store.commands.count, kind: .cut)) }
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
    func matches(_ object: FakeAPIServer.Object) -> Bool {
        guard object.resource == resource, namespace.map({ $0 == object.namespace }) ?? true else { return false }
        return (query["labelSelector"] ?? "").split(separator: ",").allSatisfy { term in
            let parts = term.split(separator: "=").map(String.init)
            return parts.count == 2 && object.labels[parts[0]] == parts[1]
        }
    }

    func concerns(_ change: FakeAPIServer.Change) -> Bool {
        matches(change.object) || (change.before.map { matches($0.object) } ?? false)
    }

    /// What a change is for those who see a part of the objects: one that leaves it is gone.
    func type(of change: FakeAPIServer.Change) -> String {
        guard change.type == "MODIFIED" else { return change.type }
        guard matches(change.object) else { return "DELETED" }
        return change.before.map { matches($0.object) } ?? false ? "MODIFIED" : "ADDED"
    }
}

import Discovery
import DiscoveryTestSupport
import EtcdSource
import Glibc
import Synchronization
import TestSupport
import Testing

/// What no real etcd does on demand: errors of every kind, and streams that end or break off.
struct ScriptedEtcdTests {
    private static let header = #""header":{"cluster_id":"7","revision":"5","raft_term":"2"}"#
    /// A list of one peer at revision 5.
    private static let list =
        #"{\#(header),"kvs":[{"key":"L3YxL3Rlc3Rpbmcvc2VydmljZXMvd2ViLzEwLjAuMC4xOjgw","create_revision":"5","mod_revision":"5","version":"1"}]}"#
    private static let created = #"{"result":{\#(header),"created":true}}"# + "\n"

    /// The peer as it is when its weight, 0 to 2, was set at a revision.
    private static func keyValue(weight: Int, revision: Int) -> String {
        let value = ["eyJ3ZWlnaHQiOjB9", "eyJ3ZWlnaHQiOjF9", "eyJ3ZWlnaHQiOjJ9"][weight]
        return #"{"key":"L3YxL3Rlc3Rpbmcvc2VydmljZXMvd2ViLzEwLjAuMC4xOjgw","mod_revision":"\#(revision)","value":"\#(value)"}"#
    }

    private static func event(weight: Int, revision: Int) -> String {
        #"{"result":{\#(header),"events":[{"kv":\#(keyValue(weight: weight, revision: revision))}]}}"# + "\n"
    }

    /// How many keys a request asks for.
    private static func limit(_ request: ScriptedHTTPServer.Request?) -> String {
        String(decoding: request?.body ?? [], as: UTF8.self).firstMatch(of: /"limit":"(\d+)"/).map { String($0.1) } ?? ""
    }

    @Test func `an etcd that is not there is named without its user's password`() async throws {
        let port = try ScriptedHTTPServer.unusedPort()
        let failure = try await ServedEtcd(url: "http://root:secret@127.0.0.1:\(port)/").failure()
        #expect(failure.hasPrefix("POST /v3/kv/range at 127.0.0.1:\(port): "))
        #expect(!failure.contains("secret"))
    }

    @Test(arguments: [
        (404, "Not Found", "the answer has status 404"),
        (502, "<html>", "the answer has status 502"),
        (
            400, #"{"error":"user name is empty","message":"user name is empty","code":3}"#,
            "etcd says: user name is empty (code 3); it wants a username and a password_file"
        ),
        (400, #"{"code":11,"message":"required revision has been compacted"}"#, "etcd says: required revision has been compacted (code 11)"),
        (200, #"{"error":{"message":"no leader","code":14}}"#, "etcd says: no leader (code 14)"),
        (200, "{}", "the answer has no header: this is not etcd"),
        (200, #"{\#(header),"more":true}"#, "a page of the list is empty, but says that more follow"),
    ])
    func `an answer that is no list is a failure in words, and drops no peer`(status: Int, body: String, reason: String) async throws {
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.respond(status: status, body: body)
        }
        defer { server.stop() }
        let url = server.url.replacing("//", with: "//root:secret@")
        let served = try ServedEtcd(url: url)
        #expect(await served.failure() == "POST /v3/kv/range at 127.0.0.1:\(server.port): \(reason)")
        #expect(served.monitor.status.lists == 0)
    }

    @Test(arguments: [
        ("", "the stream ended before etcd had created the watch"),
        (created, "the stream ended as soon as it had begun"),
        (#"{"error":{"grpc_code":14,"http_code":503,"message":"transport is closing"}}"# + "\n", "etcd says: transport is closing (code 14)"),
        (#"{"result":{"watch_id":"-1","created":true,"canceled":true,"cancel_reason":"no reason"}}"# + "\n", "no reason"),
        (
            created + #"{"result":{"header":{"cluster_id":"7"},"canceled":true,"compact_revision":"9"}}"# + "\n",
            "the history was lost, listing again: revision 6 has been compacted, the oldest one left is 9"
        ),
    ])
    func `a watch that fails is a failure in words`(stream: String, reason: String) async throws {
        let server = try ScriptedHTTPServer { connection in
            while try connection.receiveRequest().target != "/v3/watch" { try connection.respond(body: Self.list) }
            try connection.beginChunks()
            if !stream.isEmpty { try connection.sendChunk(stream) }
            try connection.endChunks()
        }
        defer { server.stop() }
        let served = try ServedEtcd(url: server.url)
        #expect(await served.failure() == "POST /v3/watch at 127.0.0.1:\(server.port): \(reason)")
        #expect(served.peers == ["web/10.0.0.1:80": 100])
    }

    @Test func `words of the other side are cut by their bytes, whatever a character of them holds`() async throws {
        let words = String(repeating: "e\u{301}", count: 100_000)
        for body in [#"{"code":14,"message":"\#(words)"}"#, #"{"\#(words)":1,"header":{"revision":"\#(words)"}}"#] {
            let server = try ScriptedHTTPServer { connection in
                _ = try connection.receiveRequest()
                try connection.respond(body: body)
            }
            defer { server.stop() }
            #expect(await (try ServedEtcd(url: server.url)).failure().utf8.count < 800)
        }
        let refusal = #"{"result":{"watch_id":"-1","created":true,"canceled":true,"cancel_reason":"a\#(String(repeating: "\u{301}", count: 9000))"}}"#
        let server = try ScriptedHTTPServer { connection in
            while try connection.receiveRequest().target != "/v3/watch" { try connection.respond(body: Self.list) }
            try connection.beginChunks()
            try connection.sendChunk(refusal + "\n")
        }
        defer { server.stop() }
        let failure = try await ServedEtcd(url: server.url).failure()
        #expect(failure.utf8.count < 800 && failure.hasSuffix("…"))
    }

    @Test func `a page whose body comes too slowly is asked for again with fewer keys, at the next attempt`() async throws {
        let limits = Mutex<[String]>([])
        let server = try ScriptedHTTPServer { connection in
            while true {
                let request = try connection.receiveRequest()
                if request.target == "/v3/watch" {
                    try connection.beginChunks()
                    try connection.sendChunk(Self.created)
                    try connection.endChunks()
                    continue
                }
                let limit = Self.limit(request)
                limits.withLock { $0.append(limit) }
                guard (Int(limit) ?? 0) > 100 else {
                    try connection.respond(body: Self.list)
                    continue
                }
                try connection.beginChunks()
                for byte in Self.list.utf8 {
                    usleep(20_000)
                    try connection.sendChunk([byte])
                }
            }
        }
        defer { server.stop() }
        let served = try ServedEtcd(.init(endpoints: [server.url], pageSize: 5000, requestTimeout: .seconds(1)))
        for _ in 1...2 {
            #expect(await served.failure() == "POST /v3/kv/range at 127.0.0.1:\(server.port): no complete body within 1.0 seconds")
        }
        _ = await served.failure()
        #expect(served.peers == ["web/10.0.0.1:80": 100])
        #expect(limits.withLock { $0 } == ["5000", "625", "78"])
    }

    @Test func `an endpoint that does not begin to answer leaves the pages as they are`() async throws {
        let limits = Mutex<[String]>([])
        let server = try ScriptedHTTPServer { connection in
            limits.withLock { $0.append(Self.limit(try? connection.receiveRequest())) }
            try connection.waitForClose()
        }
        defer { server.stop() }
        let served = try ServedEtcd(.init(endpoints: [server.url], requestTimeout: .milliseconds(200)))
        for _ in 1...3 { #expect(await served.failure().hasSuffix("no headers within 0.2 seconds")) }
        // The server may read the last request after its time.
        #expect(try await served.eventually { limits.withLock { $0.count } == 3 })
        #expect(limits.withLock { $0 } == ["25000", "25000", "25000"])
    }

    @Test func `an answer that is not JSON names the place`() async throws {
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.respond(body: "<html>")
        }
        defer { server.stop() }
        let failure = try await ServedEtcd(url: server.url).failure()
        #expect(failure.hasPrefix("POST /v3/kv/range at 127.0.0.1:\(server.port): the answer is not what etcd sends: "))
    }

    @Test func `a line that was cut is dropped, and asked for again`() async throws {
        let watches = Mutex<[String]>([])
        let server = try ScriptedHTTPServer { connection in
            while true {
                let request = try connection.receiveRequest()
                let body = String(decoding: request.body, as: UTF8.self)
                guard request.target == "/v3/watch" else {
                    let isProof = body.contains(#""revision":"6""#)
                    let header = Self.header.replacing("5", with: "7")
                    try connection.respond(
                        body: isProof ? #"{\#(header),"count":"1","kvs":[\#(Self.keyValue(weight: 1, revision: 6))]}"# : Self.list
                    )
                    continue
                }
                let count = watches.withLock { watches in
                    watches.append(body)
                    return watches.count
                }
                try connection.beginChunks()
                try connection.sendChunk(count == 1 ? Self.created : Self.created.replacing(#""revision":"5""#, with: #""revision":"7""#))
                guard count == 1 else {
                    try connection.sendChunk(Self.event(weight: 2, revision: 7))
                    try connection.endChunks()
                    continue
                }
                try connection.sendChunk(Self.event(weight: 1, revision: 6))
                // All but the line feed: still not to be believed.
                try connection.sendChunk(String(Self.event(weight: 2, revision: 7).dropLast()))
                return
            }
        }
        defer { server.stop() }
        let served = try ServedEtcd(url: server.url)
        #expect(await served.failure().hasPrefix("POST /v3/watch at 127.0.0.1:\(server.port): "))
        #expect(served.peers == ["web/10.0.0.1:80": 1])
        #expect(await served.failure() == "no failure")
        #expect(try await served.eventually { served.peers == ["web/10.0.0.1:80": 2] })
        let requests = watches.withLock { $0 }
        #expect(requests.count == 2 && requests[0].contains(#""start_revision":"6""#) && requests[1].contains(#""start_revision":"7""#))
        #expect(served.monitor.status.lists == 1)
    }
}

import Discovery
import DiscoveryTestSupport
import EtcdSource
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// The keys API, by an etcd that answers as it is told.
struct ScriptedKeysTests {
    private static let watchTarget = "/v2/keys/v1/testing/services/?recursive=true&wait=true&stream=true"
    private static let listTarget = "/v2/keys/v1/testing/services/?recursive=true&quorum=true"
    private static let operation = "GET /v2/keys/v1/testing/services/"

    private static func head(_ index: Int, cluster: String = "7", term: Int = 2) -> [(name: String, value: String)] {
        [("X-Etcd-Index", "\(index)"), ("X-Etcd-Cluster-Id", cluster), ("X-Raft-Term", "\(term)")]
    }

    /// One peer with this weight, set at an index.
    private static func node(_ weight: Int, _ index: Int) -> String {
        #"{"key":"/v1/testing/services/web/10.0.0.1:80","value":"{\"weight\":\#(weight)}","modifiedIndex":\#(index)}"#
    }

    private static func list(_ weight: Int, _ index: Int) -> String {
        #"{"action":"get","node":{"key":"/v1/testing/services","dir":true,"nodes":[\#(node(weight, index))]}}"#
    }

    private static func event(_ weight: Int, _ index: Int) -> String {
        #"{"action":"set","node":\#(node(weight, index))}"# + "\n"
    }

    /// Answers requests until the client goes away, each with the number of those before it.
    private func server(
        _ answer: @escaping @Sendable (_ number: Int, ScriptedHTTPServer.Request, ScriptedHTTPServer.Connection) throws -> Void
    ) throws -> ScriptedHTTPServer {
        let count = Atomic(0)
        return try ScriptedHTTPServer { connection in
            while true {
                let request = try connection.receiveRequest()
                try answer(count.wrappingAdd(1, ordering: .relaxed).oldValue, request, connection)
            }
        }
    }

    private func served(_ server: ScriptedHTTPServer) throws -> ServedEtcd { try ServedEtcd(url: server.url, api: .v2) }

    // MARK: - Watch and list

    @Test func `the watch is opened first, and what happens until the list is read is not lost`() async throws {
        let targets = Mutex<[String]>([])
        let watch = Mutex<ScriptedHTTPServer.Connection?>(nil)
        let server = try server { _, request, connection in
            targets.withLock { $0.append(request.target) }
            if request.target == Self.watchTarget {
                // Before its head, which has the client ask for the list.
                watch.withLock { $0 = connection }
                try connection.beginChunks(headers: Self.head(5))
            } else {
                let watch = watch.withLock { $0 }
                // In the list already, and not in it.
                try watch?.sendChunk(Self.event(2, 6) + Self.event(3, 7))
                try connection.respond(headers: Self.head(6), body: Self.list(2, 6))
            }
        }
        defer { server.stop() }
        let served = try served(server)
        #expect(try await served.running { try await served.eventually { served.peers == ["web/10.0.0.1:80": 3] } })
        #expect(served.monitor.status.revision == "7" && served.monitor.status.events == 1)
        #expect(targets.withLock { $0 } == [Self.watchTarget, Self.listTarget])
    }

    @Test func `a line that was cut is dropped, and every new stream begins with a list`() async throws {
        let targets = Mutex<[String]>([])
        let server = try server { number, request, connection in
            targets.withLock { $0.append(request.target) }
            guard request.target == Self.watchTarget else {
                return try number < 2
                    ? connection.respond(headers: Self.head(5), body: Self.list(1, 5))
                    : connection.respond(headers: Self.head(8), body: Self.list(4, 8))
            }
            try connection.beginChunks(headers: Self.head(number < 2 ? 5 : 8))
            try connection.sendChunk(Self.event(2, number < 2 ? 6 : 9))
            guard number == 0 else { return }
            // All but the line feed: still not to be believed.
            try connection.sendChunk(String(Self.event(3, 7).dropLast()))
            try connection.endChunks()
        }
        defer { server.stop() }
        let served = try served(server)
        #expect(await served.failure() == "no failure")
        #expect(try await served.eventually { served.peers == ["web/10.0.0.1:80": 2] })
        #expect(try await served.running { try await served.eventually { served.monitor.status.revision == "9" } })
        #expect(targets.withLock { $0 } == [Self.watchTarget, Self.listTarget, Self.watchTarget, Self.listTarget])
        #expect(served.monitor.status.lists == 2)
    }

    @Test func `a stream is begun again behind its hundredth event without a list, or with one when etcd has forgotten that`() async throws {
        let targets = Mutex<[String]>([])
        let server = try server { number, request, connection in
            targets.withLock { $0.append(request.target) }
            switch number {
            case 0:
                try connection.beginChunks(headers: Self.head(5))
                for index in 6...110 { try connection.sendChunk(Self.event(index, index)) }
            case 1:
                try connection.respond(headers: Self.head(5), body: Self.list(1, 5))
            case 2:
                // From the past, after which etcd sends nothing.
                try connection.beginChunks(headers: Self.head(120))
                try connection.sendChunk(Self.event(107, 107))
            case 3:
                let body = #"{"errorCode":401,"message":"The event in requested index is outdated and cleared","cause":"the requested"}"#
                try connection.respond(status: 400, headers: Self.head(2000), body: body)
            case 4:
                try connection.beginChunks(headers: Self.head(2000))
            default:
                try connection.respond(headers: Self.head(2000), body: Self.list(9, 2000))
            }
        }
        defer { server.stop() }
        let served = try served(server)
        #expect(try await served.running { try await served.eventually { served.peers == ["web/10.0.0.1:80": 9] } })
        let goingOn = [106, 108].map { "\(Self.watchTarget)&waitIndex=\($0)" }
        #expect(targets.withLock { $0 } == [Self.watchTarget, Self.listTarget] + goingOn + [Self.watchTarget, Self.listTarget])
        let status = served.monitor.status
        #expect(status.lists == 2 && status.events == 101 && status.failures == 0)
    }

    @Test func `a silent watch is begun again with a list, and counts as watching until that fails`() async throws {
        let isSilent = Atomic(false)
        let server = try server { _, request, connection in
            if isSilent.load(ordering: .acquiring) { return try connection.waitForClose() }
            guard request.target == Self.watchTarget else { return try connection.respond(headers: Self.head(5), body: Self.list(1, 5)) }
            try connection.beginChunks(headers: Self.head(5))
        }
        defer { server.stop() }
        let served = try ServedEtcd(
            EtcdSource.Configuration(endpoints: [server.url], api: .v2, requestTimeout: .seconds(1), idleTimeout: .milliseconds(100))
        )
        let isNoticed = try await served.running {
            guard try await served.eventually({ served.monitor.status.lists >= 3 }) else { return false }
            let status = served.monitor.status
            #expect(status.phase == .watching && status.failures == 0)
            isSilent.store(true, ordering: .releasing)
            return try await served.eventually { served.monitor.status.phase == .backoff }
        }
        #expect(isNoticed)
        #expect(served.monitor.status.lastError == "\(Self.operation) at 127.0.0.1:\(server.port): no headers within 1.0 seconds")
        #expect(served.peers == ["web/10.0.0.1:80": 1])
    }

    @Test func `a store whose index goes back is left for the next endpoint, and listed as a new one when there is none`() async throws {
        let isWiped = Atomic(false)
        let server = try server { number, request, connection in
            let index = isWiped.load(ordering: .acquiring) ? 3 : 9
            guard request.target == Self.watchTarget else { return try connection.respond(headers: Self.head(index), body: Self.list(index, index)) }
            try connection.beginChunks(headers: Self.head(index))
            guard number == 0 else { return }
            try connection.sendChunk(Self.event(1, 10))
            try connection.endChunks()
        }
        defer { server.stop() }
        let served = try served(server)
        #expect(await served.failure() == "no failure")
        #expect(served.monitor.status.revision == "10")
        isWiped.store(true, ordering: .releasing)
        // One session notices, the next one lists.
        #expect(await served.failure() == "no failure")
        #expect(served.peers == ["web/10.0.0.1:80": 1] && served.monitor.status.lists == 1)
        #expect(try await served.running { try await served.eventually { served.peers == ["web/10.0.0.1:80": 3] } })
    }

    // MARK: - Errors

    @Test(arguments: [
        (404, "404 page not found\n", "etcd does not serve the v2 API: start it with --enable-v2 (3.5 or earlier), or use api: v3"),
        (502, "<html>", "the answer has status 502"),
        (403, "", "etcd says: permission denied: a client without a username may not read the prefix /v1/testing/services/"),
        (
            401, #"{"errorCode":110,"message":"The request requires user authentication","cause":"Insufficient credentials","index":0}"#,
            "etcd refused a client without a username; it wants a username and a password_file"
        ),
        (401, "", "etcd refused a client without a username; it wants a username and a password_file"),
        (
            500, #"{"errorCode":300,"message":"Raft Internal Error","cause":"etcdserver: request timed out","index":0}"#,
            "etcd says: Raft Internal Error: etcdserver: request timed out (code 300)"
        ),
        (400, #"{"errorCode":401,"message":"cleared","index":7}"#, "etcd says: cleared (code 401)"),
        (200, "{}", "the answer has no X-Etcd-Index: this is not etcd"),
    ])
    func `an answer that is no watch is a failure in words, and drops no peer`(status: Int, body: String, reason: String) async throws {
        let server = try server { _, _, connection in try connection.respond(status: status, body: body) }
        defer { server.stop() }
        let served = try ServedEtcd(url: server.url.replacing("//", with: "//root:secret@"), api: .v2)
        #expect(await served.failure() == "\(Self.operation) at 127.0.0.1:\(server.port): \(reason)")
        #expect(served.monitor.status.lists == 0)
    }

    @Test(arguments: [
        (200, "{}", "the answer is not what etcd sends: "), (200, "<html>", "the answer is not what etcd sends: "),
        (200, #"{"action":"get","node":{"key":"/v1"}}"#, "the answer is not about what was asked for: this is not etcd"),
        (200, #"{"errorCode":300,"message":"Raft Internal Error"}"#, "etcd says: Raft Internal Error (code 300)"),
        (404, "", "etcd does not serve the v2 API: "), (503, "", "the answer has status 503"),
    ])
    func `an answer that is no list is a failure in words, and drops no peer`(status: Int, body: String, reason: String) async throws {
        let server = try server { _, request, connection in
            if request.target == Self.watchTarget { return try connection.beginChunks(headers: Self.head(5)) }
            try connection.respond(status: status, headers: Self.head(5), body: body)
        }
        defer { server.stop() }
        let served = try served(server)
        #expect(await served.failure().hasPrefix("\(Self.operation) at 127.0.0.1:\(server.port): \(reason)"))
        #expect(served.monitor.status.lists == 0)
    }

    @Test(arguments: [
        (#"{"action":"move","node":{"key":"/v1/testing/services/x","modifiedIndex":6}}"# + "\n", "the answer is not what etcd sends: "),
        (#"{"errorCode":300,"message":"Raft Internal Error"}"# + "\n", "etcd says: Raft Internal Error (code 300)"),
        ("", "the stream ended as soon as it had begun"),
        (String(repeating: "x", count: 2000), "the history was lost, listing again: a line of the stream is longer than 1000 bytes"),
    ])
    func `a watch that fails is a failure in words`(stream: String, reason: String) async throws {
        let server = try server { _, request, connection in
            guard request.target == Self.watchTarget else { return try connection.respond(headers: Self.head(5), body: Self.list(1, 5)) }
            try connection.beginChunks(headers: Self.head(5))
            if !stream.isEmpty { try connection.sendChunk(stream) }
            try connection.endChunks()
        }
        defer { server.stop() }
        let served = try ServedEtcd(EtcdSource.Configuration(endpoints: [server.url], api: .v2, answerLimit: 1000))
        #expect(await served.failure().hasPrefix("\(Self.operation) at 127.0.0.1:\(server.port): \(reason)"))
        #expect(served.peers == ["web/10.0.0.1:80": 1])
    }

    @Test func `a list longer than allowed is a failure in words, and drops no peer`() async throws {
        let server = try server { number, request, connection in
            if request.target != Self.watchTarget {
                let filler = String(repeating: " ", count: number < 2 ? 0 : 1000)
                return try connection.respond(headers: Self.head(5), body: Self.list(1, 5) + filler)
            }
            try connection.beginChunks(headers: Self.head(5))
            try connection.sendChunk(Self.event(2, 6))
            try connection.endChunks()
        }
        defer { server.stop() }
        let served = try ServedEtcd(EtcdSource.Configuration(endpoints: [server.url], api: .v2, answerLimit: 1000))
        #expect(await served.failure() == "no failure")
        #expect(await served.failure() == "\(Self.operation) at 127.0.0.1:\(server.port): the body is longer than 1000 bytes")
        #expect(try await served.eventually { served.peers == ["web/10.0.0.1:80": 2] })
    }

    /// Serves one session's watch and list, the body of the list in pieces, each so much later.
    private func slowList(pieces: Int, milliseconds: UInt32, timeout: Duration, total: Duration = .seconds(60)) async throws -> (String, ServedEtcd) {
        let watch = Mutex<ScriptedHTTPServer.Connection?>(nil)
        let server = try server { _, request, connection in
            if request.target == Self.watchTarget {
                watch.withLock { $0 = connection }
                return try connection.beginChunks(headers: Self.head(5))
            }
            try connection.beginChunks(headers: Self.head(5))
            let body = Array(Self.list(1, 5).utf8)
            for piece in 0..<pieces {
                usleep(milliseconds * 1000)
                try connection.sendChunk(Array(body[body.count * piece / pieces..<body.count * (piece + 1) / pieces]))
            }
            try connection.endChunks()
            // Whoever has the list watches until this.
            try watch.withLock { $0 }?.endChunks()
        }
        defer { server.stop() }
        let configuration = EtcdSource.Configuration(endpoints: [server.url], api: .v2, requestTimeout: timeout, listTimeout: total)
        let served = try ServedEtcd(configuration)
        return (await served.failure(), served)
    }

    @Test func `a list whose body comes slowly is read as long as bytes come`() async throws {
        // Twice as long as an answer may take to begin.
        let (_, served) = try await slowList(pieces: 11, milliseconds: 200, timeout: .seconds(1))
        #expect(served.peers == ["web/10.0.0.1:80": 1] && served.monitor.status.lists == 1)
    }

    @Test func `a list whose body stalls, or does not end in time, is a failure in words`() async throws {
        let (stalled, _) = try await slowList(pieces: 2, milliseconds: 5000, timeout: .seconds(1))
        #expect(stalled.hasSuffix("no byte arrived for 1.0 seconds"))
        let (slow, served) = try await slowList(pieces: 10, milliseconds: 300, timeout: .seconds(5), total: .milliseconds(400))
        #expect(slow.hasSuffix("no complete body within 0.4 seconds"))
        #expect(served.monitor.status.lists == 0)
    }

    @Test func `a list waits until ten times as long as the last one took has passed`() async throws {
        let lists = Mutex<[(began: ContinuousClock.Instant, ended: ContinuousClock.Instant)]>([])
        let server = try server { number, request, connection in
            if request.target == Self.watchTarget {
                // A stream that ends after one event, so that each session lists.
                try connection.beginChunks(headers: Self.head(5))
                try connection.sendChunk(Self.event(2, 6))
                return try connection.endChunks()
            }
            let began = ContinuousClock.now
            usleep(100_000)
            lists.withLock { $0.append((began, .now)) }
            try connection.respond(headers: Self.head(5), body: Self.list(1, 5))
        }
        defer { server.stop() }
        let served = try served(server)
        #expect(try await served.running { try await served.eventually { served.monitor.status.lists >= 3 } })
        let times = lists.withLock { $0 }
        for (earlier, later) in zip(times, times.dropFirst()) { #expect(earlier.ended.duration(to: later.began) >= .seconds(1)) }
    }

    // MARK: - Login

    /// A server that answers 401, and what it was sent as `Authorization`.
    private func refusing(_ fields: @escaping @Sendable (String?) -> Void) throws -> ScriptedHTTPServer {
        try server { _, request, connection in
            fields(request["Authorization"])
            try connection.respond(status: 401, body: #"{"message":"Insufficient credentials"}"#)
        }
    }

    @Test func `a password file is read for each session, one that vanishes leaves the last password, and a refusal names the user`() async throws {
        let fields = Mutex<[String?]>([])
        let server = try refusing { field in fields.withLock { $0.append(field) } }
        defer { server.stop() }
        try await withTemporaryFile("one\r\n") { file in
            let served = try ServedEtcd(
                .init(endpoints: [server.url], api: .v2, credentials: .init(username: "me", passwordFile: file.path))
            )
            let failure = await served.failure()
            let reason = "etcd refused username me or its password, or it may not read the prefix /v1/testing/services/"
            #expect(failure == "\(Self.operation) at 127.0.0.1:\(server.port): \(reason)")
            try Data("zwei ü:\n".utf8).write(to: file)
            _ = await served.failure()
            try FileManager.default.removeItem(at: file)
            _ = await served.failure()
        }
        let sent = fields.withLock { $0 }.map { field -> String in
            let text = field?.dropFirst("Basic ".count) ?? ""
            return String(decoding: Data(base64Encoded: String(text)) ?? Data(), as: UTF8.self)
        }
        #expect(sent == ["me:one", "me:zwei ü:", "me:zwei ü:"])
    }

    @Test func `a password file that cannot be used is named, and nothing is asked`() async throws {
        let server = try refusing { _ in Issue.record("etcd was asked") }
        defer { server.stop() }
        for path in ["/does/not/exist", "/dev/null"] {
            let served = try ServedEtcd(.init(endpoints: [server.url], api: .v2, credentials: .init(username: "me", passwordFile: path)))
            let reason = "the password file \(path) is empty or cannot be read"
            #expect(await served.failure() == "\(Self.operation) at 127.0.0.1:\(server.port): \(reason)")
        }
    }
}

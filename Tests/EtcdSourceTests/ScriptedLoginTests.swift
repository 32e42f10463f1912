import Discovery
import DiscoveryTestSupport
import EtcdSource
import Foundation
import Synchronization
import TestSupport
import Testing

/// Tokens and passwords, against an etcd that answers as it is told.
struct ScriptedLoginTests {
    private static let header = #""header":{"cluster_id":"7","revision":"5","raft_term":"2"}"#
    private static let list = #"{\#(header)}"#
    private static let invalidToken = #"{"error":"etcdserver: invalid auth token","message":"etcdserver: invalid auth token","code":16}"#

    /// An etcd whose tokens are `token-1`, `token-2` and so on, and which takes only some of them.
    private final class LoginServer: Sendable {
        let passwords = Mutex<[String]>([])
        let tokens = Mutex<[String?]>([])

        func start(accepting isValid: @escaping @Sendable (String?) -> Bool) throws -> ScriptedHTTPServer {
            try ScriptedHTTPServer { connection in
                while true {
                    let request = try connection.receiveRequest()
                    if request.target == "/v3/auth/authenticate" {
                        let body = String(decoding: request.body, as: UTF8.self)
                        let count = self.passwords.withLock { passwords in
                            passwords.append(body)
                            return passwords.count
                        }
                        try connection.respond(body: #"{\#(ScriptedLoginTests.header),"token":"token-\#(count)"}"#)
                        continue
                    }
                    let token = request.headers.first { $0.name.lowercased() == "authorization" }?.value
                    self.tokens.withLock { $0.append(token) }
                    if request.target == "/v3/watch" {
                        // As etcd refuses a watch: with status 200, and the stream left open.
                        try connection.beginChunks()
                        try connection.sendChunk(
                            isValid(token)
                                ? #"{"result":{\#(ScriptedLoginTests.header),"created":true}}"# + "\n"
                                : #"{"result":{"watch_id":"-1","created":true,"canceled":true,"cancel_reason":"rpc error: code = Unauthenticated desc = x"}}"#
                                    + "\n"
                        )
                        try connection.endChunks()
                    } else if isValid(token) {
                        try connection.respond(body: ScriptedLoginTests.list)
                    } else {
                        try connection.respond(status: 401, body: ScriptedLoginTests.invalidToken)
                    }
                }
            }
        }
    }

    private func served(_ server: ScriptedHTTPServer, passwordFile: String) throws -> ServedEtcd {
        try ServedEtcd(.init(endpoints: [server.url], credentials: .init(username: "me", passwordFile: passwordFile)))
    }

    @Test func `a token is asked for once, and again once when it is refused`() async throws {
        let logins = LoginServer()
        // The first token ends after two requests: in the middle of a session.
        let server = try logins.start { token in token == "token-2" || (token == "token-1" && logins.tokens.withLock(\.count) <= 1) }
        defer { server.stop() }
        try await withTemporaryFile("secret\r\n") { file in
            let served = try served(server, passwordFile: file.path)
            _ = await served.failure()
            #expect(served.monitor.status.lists == 2)
        }
        #expect(logins.tokens.withLock { $0 } == ["token-1", "token-1", "token-2", "token-2"])
        #expect(logins.passwords.withLock { $0 }.allSatisfy { $0.contains(#""password":"secret""#) && $0.contains(#""name":"me""#) })
    }

    @Test func `a token that is refused again is a failure, not a loop`() async throws {
        let logins = LoginServer()
        let server = try logins.start { _ in false }
        defer { server.stop() }
        try await withTemporaryFile("secret") { file in
            let failure = try await served(server, passwordFile: file.path).failure()
            #expect(failure == "POST /v3/kv/range at 127.0.0.1:\(server.port): etcd says: etcdserver: invalid auth token (code 16)")
        }
        #expect(logins.passwords.withLock(\.count) == 2)
    }

    @Test func `a password file is read at each login, and one that vanishes leaves the last password`() async throws {
        let logins = LoginServer()
        let server = try logins.start { _ in false }
        defer { server.stop() }
        try await withTemporaryFile("one") { file in
            let served = try served(server, passwordFile: file.path)
            _ = await served.failure()
            try Data("two\n".utf8).write(to: file)
            _ = await served.failure()
            try FileManager.default.removeItem(at: file)
            _ = await served.failure()
        }
        let passwords = logins.passwords.withLock { $0 }.map { $0.contains("one") ? 1 : $0.contains(#""two""#) ? 2 : 0 }
        #expect(passwords == [1, 1, 2, 2])
    }

    @Test(arguments: ["", "\n\n"])
    func `an empty password file is named`(content: String) async throws {
        let server = try LoginServer().start { _ in true }
        defer { server.stop() }
        try await withTemporaryFile(content) { file in
            let failure = try await served(server, passwordFile: file.path).failure()
            #expect(failure.hasSuffix("the password file \(file.path) is empty or cannot be read"))
        }
    }

    @Test func `a missing password file is named`() async throws {
        let server = try LoginServer().start { _ in true }
        defer { server.stop() }
        let failure = try await served(server, passwordFile: "/does/not/exist").failure()
        #expect(failure.hasSuffix("the password file /does/not/exist is empty or cannot be read"))
    }
}

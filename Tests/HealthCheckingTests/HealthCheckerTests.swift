import Balancing
import Glibc
import HealthChecking
import Synchronization
import TestSupport
import Testing

/// The checker against servers on loopback.
@Suite(.timeLimit(.minutes(1)))
struct HealthCheckerTests {
    private let received = ReceivedResults()
    private let checker: HealthChecker

    init() throws {
        checker = try HealthChecker { [received] in received.append($0) }
    }

    private func settings(_ interval: Duration = .seconds(3600), timeout: Duration = .seconds(10)) -> HealthCheckSettings {
        var settings = HealthCheckSettings()
        settings.interval = interval
        settings.timeout = timeout
        return settings
    }

    private func peer(_ port: UInt16, _ url: String = "/health") throws -> CheckedPeer {
        CheckedPeer(peer: try PeerAddress("127.0.0.1:\(port)"), url: url)
    }

    private func running<Value>(_ body: () async throws -> Value) async throws -> Value {
        let task = Task { await checker.run() }
        let value: Result<Value, any Error>
        do { value = .success(try await body()) } catch { value = .failure(error) }
        task.cancel()
        await task.value
        return try value.get()
    }

    /// The first result of a peer.
    private func check(_ peer: CheckedPeer, timeout: Duration = .seconds(10)) async throws -> CheckResult? {
        try await running {
            checker.setTargets(of: "web", [peer], settings: settings(timeout: timeout), isColdStart: false)
            return await received.wait(for: 1).first?.result
        }
    }

    private func check(
        _ url: String = "/health",
        timeout: Duration = .seconds(10),
        _ script: @escaping ScriptedHTTPServer.Script
    ) async throws -> CheckResult? {
        let server = try ScriptedHTTPServer(script)
        defer { server.stop() }
        return try await check(peer(server.port, url), timeout: timeout)
    }

    // MARK: Answers

    @Test(arguments: [200, 204, 404, 500, 503])
    func `an answer is its status`(status: Int) async throws {
        let result = try await check { connection in
            _ = try connection.receiveRequest()
            try connection.respond(status: status, body: "x")
        }
        #expect(result == .status(status))
        #expect(checker.statistics.failures.isEmpty)
    }

    @Test func `the request asks for the path and says who asks`() async throws {
        let seen = Mutex<[String]>([])
        _ = try await check("/a/../health?x=%20y") { connection in
            let request = try connection.receiveRequest()
            seen.withLock { $0 = [request.method, request.target] + ["Connection", "User-Agent"].map { request[$0] ?? "" } }
            try connection.respond()
        }
        #expect(seen.withLock { $0 } == ["GET", "/a/../health?x=%20y", "close", "lookaside-check"])
    }

    @Test func `a redirect is an answer and not followed`() async throws {
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.respond(status: 301, headers: [("Location", "/elsewhere")])
        }
        defer { server.stop() }
        #expect(try await check(peer(server.port)) == .status(301))
        #expect(server.connectionCount == 1)
    }

    @Test func `an absolute URL is asked where it says`() async throws {
        let server = try ScriptedHTTPServer { connection in
            let request = try connection.receiveRequest()
            try connection.respond(status: request.target == "/of/the/peer" ? 200 : 400)
        }
        defer { server.stop() }
        let result = try await check(peer(try ScriptedHTTPServer.unusedPort(), server.url + "/of/the/peer"))
        #expect(result == .status(200))
        #expect(received.all.first?.service == "web")
    }

    @Test func `an IPv6 peer is probed by path and by connecting`() async throws {
        let server = try IPv6Server()
        let address = try PeerAddress("[::1]:\(server.port)")
        let results = try await running {
            let peers = ["/", "tcp:"].map { CheckedPeer(peer: address, url: $0) }
            checker.setTargets(of: "web", peers, settings: settings(), isColdStart: false)
            return await received.wait(for: 2).map(\.result)
        }
        #expect(results.contains(.status(204)) && results.contains(.connected))
    }

    // MARK: Bodies

    @Test func `an endless body is not read: the headers decide`() async throws {
        let sent = Mutex(0)
        let closed = ScriptedHTTPServer.Event()
        let result = try await check { connection in
            _ = try connection.receiveRequest()
            defer { closed.signal() }
            try connection.beginChunks()
            while true {
                try connection.sendChunk([UInt8](repeating: 0x78, count: 64 << 10))
                sent.withLock { $0 += 64 << 10 }
            }
        }
        #expect(result == .status(200))
        try await closed.wait()
        #expect(sent.withLock { $0 } < 32 << 20)
    }

    @Test func `a body that never comes does not matter`() async throws {
        let result = try await check { connection in
            _ = try connection.receiveRequest()
            try connection.sendHead(headers: [("Content-Length", "1000")])
            try connection.waitForClose()
        }
        #expect(result == .status(200))
    }

    // MARK: No answer

    @Test func `silence is timed out`() async throws {
        let result = try await check(timeout: .milliseconds(200)) { try $0.waitForClose() }
        #expect(result == .failure("timed out"))
        #expect(checker.statistics.failures == [.timedOut: 1])
        #expect(checker.statistics.lastError.hasSuffix(": timed out"))
    }

    @Test func `headers that trickle in are timed out in all`() async throws {
        let result = try await check(timeout: .milliseconds(300)) { connection in
            try connection.send("HTTP/1.1 200 OK\r\n")
            while true {
                try connection.send("X: y\r\n")
                _ = poll(nil, 0, 20)
            }
        }
        #expect(result == .failure("timed out"))
    }

    @Test(arguments: ["/health", "tcp:"])
    func `a port on which nobody listens is refused`(url: String) async throws {
        #expect(try await check(peer(try ScriptedHTTPServer.unusedPort(), url)) == .failure("connection refused"))
        #expect(checker.statistics.failures == [.refused: 1])
    }

    @Test func `a peer that breaks off in the middle has closed`() async throws {
        let reset = try await check { connection in
            _ = try connection.receiveRequest()
            try connection.reset()
        }
        #expect(reset == .failure("connection reset"))
        #expect(checker.statistics.failures == [.closed: 1])
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"])
    func `an answer that ends before its headers do is none`(text: String) async throws {
        let result = try await check { connection in
            _ = try connection.receiveRequest()
            try connection.send(text)
        }
        #expect(result == .failure("connection closed without an answer"))
    }

    @Test func `what is not HTTP is no answer`() async throws {
        let result = try await check { try $0.send("SSH-2.0-OpenSSH_9.2\r\n") }
        #expect(result == .failure("the answer is not HTTP"))
    }

    @Test func `a URL that cannot be asked is a failure`() async throws {
        #expect(try await check(peer(1, "http://")) == .failure("check_url is not a valid URL"))
    }

    // MARK: Connecting

    @Test func `tcp: connects and sends nothing`() async throws {
        let received = Mutex<Bool?>(nil)
        let closed = ScriptedHTTPServer.Event()
        let result = try await check("tcp:") { connection in
            defer { closed.signal() }
            do {
                _ = try connection.receiveRequest()
                received.withLock { $0 = true }
            } catch let failure as ScriptedHTTPServer.Failure {
                received.withLock { $0 = failure.call != "recv" }
            }
        }
        #expect(result == .connected)
        try await closed.wait()
        #expect(received.withLock { $0 } == false)
    }

    // MARK: Over time

    @Test func `every probe makes a connection of its own`() async throws {
        let server = try ScriptedHTTPServer { connection in
            while true {
                _ = try connection.receiveRequest()
                try connection.respond()
            }
        }
        defer { server.stop() }
        let results = try await running {
            checker.setTargets(of: "web", [try peer(server.port)], settings: settings(.milliseconds(50)), isColdStart: false)
            return await received.wait(for: 5)
        }
        #expect(results.allSatisfy { $0.result == .status(200) })
        #expect(server.connectionCount >= results.count)
    }

    @Test func `a peer that goes is refused from then on`() async throws {
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.respond()
        }
        try await running {
            checker.setTargets(of: "web", [try peer(server.port)], settings: settings(.milliseconds(50)), isColdStart: false)
            #expect(await received.wait(for: 1).first?.result == .status(200))
            server.stop()
            while await received.wait(for: received.all.count + 1).last?.result != .failure("connection refused") {}
        }
    }

    @Test func `two services that share a target cost one probe, and a service that is removed hears no more`() async throws {
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.respond(status: 204)
        }
        defer { server.stop() }
        // Both before it runs: a service that comes after the probe for another one has a probe of its own.
        for service in ["a", "b"] {
            checker.setTargets(of: service, [try peer(server.port)], settings: settings(), isColdStart: false)
        }
        try await running {
            let results = await received.wait(for: 2)
            #expect(Set(results.map(\.service)) == ["a", "b"])
            #expect(results.allSatisfy { $0.result == .status(204) })
            #expect(server.connectionCount == 1)
            #expect(checker.statistics.targets == 1)

            checker.setTargets(of: "a", [], settings: settings(), isColdStart: false)
            checker.setTargets(of: "b", [try peer(server.port, "/other")], settings: settings(), isColdStart: false)
            #expect(await received.wait(for: 3).last?.service == "b")
        }
    }

    @Test func `a target that is removed during its probe gives no result`() async throws {
        let arrived = ScriptedHTTPServer.Event()
        let removed = ScriptedHTTPServer.Event()
        let server = try ScriptedHTTPServer { connection in
            let request = try connection.receiveRequest()
            if request.target == "/slow" {
                arrived.signal()
                try removed.block()
            }
            try connection.respond()
        }
        defer { server.stop() }
        try await running {
            checker.setTargets(of: "web", [try peer(server.port, "/slow")], settings: settings(), isColdStart: false)
            try await arrived.wait()
            checker.setTargets(of: "web", [try peer(server.port, "/quick")], settings: settings(), isColdStart: false)
            _ = await received.wait(for: 1)
            removed.signal()
            // Two more probes make sure that the slow one is through.
            checker.setTargets(of: "web", [try peer(server.port, "/a"), try peer(server.port, "/b")], settings: settings(), isColdStart: false)
            _ = await received.wait(for: 3)
        }
        #expect(received.all.count == 3)
        #expect(checker.statistics.probes == 4)
    }

    @Test func `a checker that is stopped gives no results for what was running`() async throws {
        let arrived = ScriptedHTTPServer.Event()
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            arrived.signal()
            try connection.waitForClose()
        }
        defer { server.stop() }
        try await running {
            checker.setTargets(of: "web", [try peer(server.port)], settings: settings(), isColdStart: false)
            try await arrived.wait()
        }
        #expect(received.all.isEmpty)
    }
}

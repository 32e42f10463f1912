import Glibc
import HTTPTransport
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct HTTPClientProbeTests {
    private let client: HTTPClient

    init() throws {
        client = try HTTPClient()
    }

    private func probe(_ probe: HTTPClient.Probe, timeout: Duration = .seconds(10)) async -> HTTPClient.ProbeOutcome {
        await withCheckedContinuation { continuation in
            client.probe(probe, timeout: timeout) { continuation.resume(returning: $0) }
        }
    }

    @Test func `a GET has its answer with the end of the headers, after interim ones, and then breaks off`() async throws {
        let broken = ScriptedHTTPServer.Event()
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 503 Busy\r\nX: y\r\nContent-Length: 9\r\n\r\n")
            do {
                _ = try connection.receiveRequest()
            } catch let failure as ScriptedHTTPServer.Failure where failure.number == ECONNRESET {
                broken.signal()
            }
        }
        defer { server.stop() }
        let outcome = await probe(.get(url: server.url))
        #expect(outcome.status == 503)
        try await broken.wait()
    }

    @Test func `handles that are used again carry nothing over`() async throws {
        let server = try ScriptedHTTPServer { connection in
            let request = try connection.receiveRequest()
            if request.target == "/cut" { return }
            try connection.respond(status: request.target == "/a" ? 200 : 404)
        }
        defer { server.stop() }
        for _ in 0..<3 {
            #expect(await probe(.get(url: server.url + "/a")).status == 200)
            #expect(await probe(.get(url: server.url + "/cut")).failure?.code == .cut)
            #expect(await probe(.connect(endpoint: "127.0.0.1:\(server.port)")).isConnected)
            #expect(await probe(.get(url: server.url + "/b")).status == 404)
        }
        #expect(server.connectionCount == 12)
    }

    @Test func `a refused connection says so by its system error`() async throws {
        let outcome = await probe(.connect(endpoint: "127.0.0.1:\(try ScriptedHTTPServer.unusedPort())"))
        guard case .failed(let error, let systemError) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(error.code == .couldNotConnect)
        #expect(systemError == ECONNREFUSED)
    }

    @Test(arguments: [true, false])
    func `the timeout holds for connecting and for the answer`(connects: Bool) async throws {
        let listener = try SaturatedListener()
        let server = try ScriptedHTTPServer { try $0.waitForClose() }
        defer { server.stop() }
        let start = ContinuousClock.now
        let outcome = await probe(connects ? .get(url: server.url) : .connect(endpoint: "127.0.0.1:\(listener.port)"), timeout: .milliseconds(200))
        #expect(outcome.failure?.code == .timedOut)
        #expect(start.duration(to: .now) >= .milliseconds(200))
    }

    @Test func `what cannot be asked is refused, and nothing outlives the client`() async throws {
        #expect(await probe(.get(url: "ftp://127.0.0.1/")).failure?.code == .invalidRequest)
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.waitForClose()
        }
        defer { server.stop() }
        async let running = probe(.get(url: server.url))
        while server.connectionCount == 0 { await Task.yield() }
        await client.shutdown()
        #expect(await running.failure?.code == .shutDown)
        #expect(await probe(.get(url: server.url)).failure?.code == .shutDown)
    }
}

extension HTTPClient.ProbeOutcome {
    fileprivate var status: Int? {
        if case .status(let status) = self { status } else { nil }
    }

    fileprivate var isConnected: Bool {
        if case .connected = self { true } else { false }
    }

    fileprivate var failure: HTTPTransportError? {
        if case .failed(let error, _) = self { error } else { nil }
    }
}

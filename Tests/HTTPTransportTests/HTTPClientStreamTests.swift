import Glibc
import HTTPTransport
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct HTTPClientStreamTests {
    private let client: HTTPClient

    init() throws {
        client = try HTTPClient()
    }

    private func stream(
        _ server: ScriptedHTTPServer,
        idleTimeout: Duration = .seconds(600),
        bufferLimit: Int = 1 << 20
    ) async throws -> HTTPClient.StreamingResponse {
        try await client.stream(.init(url: server.url), idleTimeout: idleTimeout, bufferLimit: bufferLimit)
    }

    /// All bytes up to the end, and the error that ended them.
    private func drain(_ body: HTTPClient.StreamingResponse.Body) async -> (bytes: [UInt8], error: HTTPTransportError?) {
        var bytes: [UInt8] = []
        do throws(HTTPTransportError) {
            for try await piece in body { bytes += piece }
            return (bytes, nil)
        } catch {
            return (bytes, error)
        }
    }

    @Test func `a stream is there with its headers, before any body`() async throws {
        let taken = ScriptedHTTPServer.Event()
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.beginChunks(status: 418, headers: [("X-Revision", "7")])
            try taken.block()
            try connection.sendChunk("late")
            try connection.endChunks()
        }
        defer { server.stop() }
        let response = try await stream(server)
        #expect(response.status == 418)
        #expect(response.headers["x-revision"] == "7")
        taken.signal()
        #expect(await drain(response.body).bytes == Array("late".utf8))
    }

    @Test func `pieces arrive as the server sends them`() async throws {
        let turns = [ScriptedHTTPServer.Event(), ScriptedHTTPServer.Event(), ScriptedHTTPServer.Event()]
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.beginChunks()
            for (index, turn) in turns.enumerated() {
                try turn.block()
                try connection.sendChunk("piece \(index)")
            }
            try connection.endChunks()
        }
        defer { server.stop() }
        let body = try await stream(server).body.makeAsyncIterator()
        for (index, turn) in turns.enumerated() {
            turn.signal()
            #expect(try await body.next() == Array("piece \(index)".utf8))
        }
        #expect(try await body.next() == nil)
        #expect(try await body.next() == nil)
    }

    @Test func `a body written byte by byte is exact`() async throws {
        var generator = SystemRandomNumberGenerator()
        let sent = (0..<2000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.beginChunks()
            for start in stride(from: 0, to: sent.count, by: 7) {
                for byte in ScriptedHTTPServer.Connection.chunk(Array(sent[start..<min(start + 7, sent.count)])) { try connection.send([byte]) }
            }
            try connection.endChunks()
        }
        defer { server.stop() }
        let received = await drain(try await stream(server).body)
        #expect(received.bytes == sent)
        #expect(received.error == nil)
    }

    @Test(arguments: [
        ("Content-Length: 10\r\n\r\n12345", HTTPTransportError.Code.cut),
        ("Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n", .cut),
        ("Transfer-Encoding: chunked\r\n\r\n9\r\n12345", .cut),
        ("Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n", .cut),
        ("Connection: close\r\n\r\n12345", nil),
    ])
    func `a cut throws after the bytes before it, and again`(wire: String, code: HTTPTransportError.Code?) async throws {
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.send("HTTP/1.1 200 OK\r\n" + wire)
        }
        defer { server.stop() }
        let body = try await stream(server).body
        let received = await drain(body)
        #expect(received.bytes == Array("12345".utf8))
        #expect(received.error?.code == code)
        #expect(await drain(body).error?.code == code)
    }

    @Test func `a reset is a cut`() async throws {
        let taken = ScriptedHTTPServer.Event()
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.beginChunks()
            try connection.sendChunk("12345")
            try taken.block()
            try connection.reset()
        }
        defer { server.stop() }
        let body = try await stream(server).body.makeAsyncIterator()
        #expect(try await body.next() == Array("12345".utf8))
        taken.signal()
        let error = await #expect(throws: HTTPTransportError.self) { try await body.next() }
        #expect(error?.code == .cut)
    }

    @Test func `no headers in time is a timeout, no connection an error at once`() async throws {
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.send("HTTP/1.1 200 OK\r\nX-Never: e")
            try connection.waitForClose()
        }
        defer { server.stop() }
        let late = await #expect(throws: HTTPTransportError.self) {
            try await client.stream(.init(url: server.url), responseTimeout: .milliseconds(200), idleTimeout: .seconds(20))
        }
        #expect(late?.code == .timedOut)
        let refused = await #expect(throws: HTTPTransportError.self) {
            try await client.stream(.init(url: "http://127.0.0.1:\(ScriptedHTTPServer.unusedPort())/"), idleTimeout: .seconds(20))
        }
        #expect(refused?.code == .couldNotConnect)
    }

    @Test func `a silent stream is idle, long before the time allowed for headers`() async throws {
        let closed = ScriptedHTTPServer.Event()
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            // At once: nothing can keep the bytes back until the stream is idle.
            try connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n")
            try connection.waitForClose()
            closed.signal()
        }
        defer {
            server.stop()
            // Letting go of the client would close the connection too.
            withExtendedLifetime(client) {}
        }
        let started = ContinuousClock.now
        let response = try await client.stream(.init(url: server.url), responseTimeout: .seconds(600), idleTimeout: .milliseconds(200))
        let received = await drain(response.body)
        #expect(received.bytes == Array("12345".utf8))
        #expect(received.error?.code == .idle)
        #expect(received.error?.isRetriable == true)
        #expect(started.duration(to: .now) < .seconds(20))
        try await closed.wait()
    }

    @Test func `a slow consumer holds the server back, is not idle, and loses nothing`() async throws {
        var generator = SystemRandomNumberGenerator()
        let pattern = (0..<65_521).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let bytes = (0..<512).reduce(into: []) { bytes, _ in bytes += pattern }
        let accepted = Atomic(0)
        let stalled = ScriptedHTTPServer.Event()
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.sendHead(headers: [("Content-Length", "\(bytes.count)")])
            let sent = try connection.sendUntilStalled(bytes, milliseconds: 2500)
            accepted.store(sent, ordering: .sequentiallyConsistent)
            stalled.signal()
            try connection.send(bytes[sent...])
        }
        defer { server.stop() }
        // Silent for longer than the idle timeout, but by our own doing.
        let response = try await stream(server, idleTimeout: .seconds(2), bufferLimit: 256 << 10)
        try await stalled.wait()
        // What the two sockets hold is the kernel's choice, some megabytes at most.
        #expect(accepted.load(ordering: .sequentiallyConsistent) < 24 << 20)

        var count = 0
        var largest = 0
        var isExact = true
        for try await piece in response.body {
            largest = max(largest, piece.count)
            // Much faster than comparing elements in a debug build.
            isExact = isExact && count + piece.count <= bytes.count && memcmp(Array(bytes[count...].prefix(piece.count)), piece, piece.count) == 0
            count += piece.count
        }
        #expect(isExact)
        #expect(count == bytes.count)
        #expect(largest <= 256 << 10 + 16 << 10)
    }

    @Test func `a paused stream that the server ends is still complete`() async throws {
        let bytes = [UInt8](repeating: 7, count: 200_000)
        let sent = ScriptedHTTPServer.Event()
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.beginChunks()
            try connection.sendChunk(bytes)
            try connection.endChunks()
            connection.close()
            sent.signal()
        }
        defer { server.stop() }
        let response = try await stream(server, bufferLimit: 1)
        try await sent.wait()
        let received = await drain(response.body)
        // Not compared by #expect, which would print the difference and take hours to find it.
        let isExact = received.bytes == bytes
        #expect(isExact)
        #expect(received.error == nil)
    }

    @Test func `cancelling the consumer closes the connection`() async throws {
        let closed = ScriptedHTTPServer.Event()
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.beginChunks()
            try connection.sendChunk("12345")
            try connection.waitForClose()
            closed.signal()
        }
        defer {
            server.stop()
            // Letting go of the client would close the connection too.
            withExtendedLifetime(client) {}
        }
        let response = try await stream(server)
        let first = ScriptedHTTPServer.Event()
        let task = Task {
            for try await _ in response.body { first.signal() }
        }
        try await first.wait()
        task.cancel()
        let error = await #expect(throws: HTTPTransportError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        try await closed.wait()
        // Held on to, the stream stays cancelled.
        #expect(await drain(response.body).error?.code == .cancelled)
    }

    @Test func `cancelling before the headers closes the connection`() async throws {
        let arrived = ScriptedHTTPServer.Event()
        let closed = ScriptedHTTPServer.Event()
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            arrived.signal()
            try connection.waitForClose()
            closed.signal()
        }
        defer {
            server.stop()
            // Letting go of the client would close the connection too.
            withExtendedLifetime(client) {}
        }
        let task = Task { try await stream(server) }
        try await arrived.wait()
        task.cancel()
        let error = await #expect(throws: HTTPTransportError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        try await closed.wait()
    }

    @Test(arguments: [true, false])
    func `dropping the body closes the connection`(isPaused: Bool) async throws {
        let closed = ScriptedHTTPServer.Event()
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.beginChunks()
            try connection.sendChunk(String(repeating: "x", count: 1000))
            try connection.waitForClose()
            closed.signal()
        }
        defer {
            server.stop()
            // Letting go of the client would close the connection too.
            withExtendedLifetime(client) {}
        }
        let status = try await stream(server, bufferLimit: isPaused ? 1 : 1 << 20).status
        #expect(status == 200)
        try await closed.wait()
    }
}

import HTTPTransport
import TestSupport
import Testing

/// The body of a stream, read to its end.
@Suite(.timeLimit(.minutes(1)))
struct HTTPClientWholeBodyTests {
    private let client: HTTPClient

    init() throws {
        client = try HTTPClient()
    }

    private func stream(_ server: ScriptedHTTPServer, idleTimeout: Duration = .seconds(600)) async throws -> HTTPClient.StreamingResponse {
        try await client.stream(.init(url: "\(server.url)/list"), idleTimeout: idleTimeout)
    }

    /// A server that sends these pieces of a body, and then holds the connection open, or completes the body.
    private func server(_ pieces: [String], isComplete: Bool) throws -> ScriptedHTTPServer {
        try ScriptedHTTPServer { connection in
            while true {
                _ = try connection.receiveRequest()
                try connection.beginChunks()
                for piece in pieces { try connection.sendChunk(piece) }
                guard isComplete else { return try connection.waitForClose() }
                try connection.endChunks()
            }
        }
    }

    @Test func `it is read up to its limit`() async throws {
        let server = try server(["one", "two"], isComplete: true)
        defer { server.stop() }
        #expect(try await stream(server).wholeBody(limit: 6, within: .seconds(20)) == Array("onetwo".utf8))
        let response = try await stream(server)
        let error = await #expect(throws: HTTPTransportError.self) { try await response.wholeBody(limit: 5, within: .seconds(20)) }
        #expect(error?.code == .bodyTooLarge && error?.description == "GET /list at 127.0.0.1:\(server.port): the body is longer than 5 bytes")
    }

    @Test func `one that does not end in time ends as that, and one that stalls as idle`() async throws {
        let server = try server(["one"], isComplete: false)
        defer { server.stop() }
        let late = try await stream(server)
        let error = await #expect(throws: HTTPTransportError.self) { try await late.wholeBody(limit: 100, within: .milliseconds(100)) }
        #expect(error?.code == .timedOut && error?.description == "GET /list at 127.0.0.1:\(server.port): no complete body within 0.1 seconds")
        let idle = try await stream(server, idleTimeout: .milliseconds(100))
        let other = await #expect(throws: HTTPTransportError.self) { try await idle.wholeBody(limit: 100, within: .seconds(20)) }
        #expect(other?.code == .idle)
    }

    @Test func `a cancelled reader is cancelled`() async throws {
        let server = try server(["one"], isComplete: false)
        defer { server.stop() }
        let response = try await stream(server)
        let task = Task { () -> HTTPTransportError.Code? in
            do throws(HTTPTransportError) {
                _ = try await response.wholeBody(limit: 100, within: .seconds(20))
                return nil
            } catch {
                return error.code
            }
        }
        task.cancel()
        #expect(await task.value == .cancelled)
    }

    @Test func `the body of an error that does not end is what has come within two seconds`() async throws {
        let server = try server([#"{"message":"#, #""no leader"}"#], isComplete: false)
        defer { server.stop() }
        let began = ContinuousClock.now
        #expect(try await stream(server).errorBody() == Array(#"{"message":"no leader"}"#.utf8))
        #expect(began.duration(to: .now) < .seconds(10))
    }
}

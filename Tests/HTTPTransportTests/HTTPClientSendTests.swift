import HTTPTransport
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct HTTPClientSendTests {
    private let client: HTTPClient

    init() throws {
        client = try HTTPClient()
    }

    private func get(_ server: ScriptedHTTPServer, _ path: String = "/") async throws -> HTTPClient.Response {
        try await client.send(.init(url: server.url + path), timeout: .seconds(10))
    }

    // MARK: Requests

    @Test func `GET sends the path and query as written, the given headers, and nothing unasked for`() async throws {
        let server = try ScriptedHTTPServer { connection in
            let request = try connection.receiveRequest()
            let lines = [request.method, request.target] + request.headers.map { "\($0): \($1)" }
            try connection.respond(body: lines.joined(separator: "\n"))
        }
        defer { server.stop() }
        let headers = [(name: "X-One", value: "1"), ("X-Empty", ""), ("Authorization", "Bearer t")]
        let request = HTTPClient.Request(url: server.url + "/a/../b?x=%41", headers: headers)
        let response = try await client.send(request, timeout: .seconds(10))
        #expect(response.status == 200)
        let lines = String(decoding: response.body, as: UTF8.self).split(separator: "\n").map(String.init)
        #expect(lines.prefix(2) == ["GET", "/a/../b?x=%41"])
        #expect(
            Set(lines.dropFirst(2))
                == [
                    "Host: 127.0.0.1:\(server.port)", "User-Agent: lookaside", "Accept: */*", "X-One: 1", "X-Empty: ", "Authorization: Bearer t",
                ]
        )
    }

    @Test func `POST carries any bytes there and back, without Expect or a content type of its own`() async throws {
        let server = try ScriptedHTTPServer { connection in
            let request = try connection.receiveRequest()
            let headers = [(name: "X-Expect", value: request["Expect"] ?? "none"), ("X-Type", request["Content-Type"] ?? "none")]
            try connection.respond(headers: headers, body: request.body)
        }
        defer { server.stop() }
        var generator = SystemRandomNumberGenerator()
        let body = (0..<(2 << 20)).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let response = try await client.send(.init(.post, url: server.url, body: body), timeout: .seconds(10))
        // Not compared by #expect, which would print the difference and take hours to find it.
        let isExact = response.body == body
        #expect(isExact)
        #expect(response.headers["x-expect"] == "none")
        #expect(response.headers["X-TYPE"] == "none")
    }

    @Test(arguments: [
        (HTTPClient.Method.post, nil, "POST 0 "),
        (.post, [] as [UInt8]?, "POST 0 "),
        (.post, [0, 1], "POST 2 application/json"),
        (.put, [7], "PUT 1 application/json"),
        (.put, nil, "PUT 0 "),
        (.delete, nil, "DELETE none "),
        (.delete, [7], "DELETE 1 application/json"),
    ])
    func `each method sends its own framing`(method: HTTPClient.Method, body: [UInt8]?, expected: String) async throws {
        let server = try ScriptedHTTPServer { connection in
            let request = try connection.receiveRequest()
            try connection.respond(body: "\(request.method) \(request["Content-Length"] ?? "none") \(request["Content-Type"] ?? "")")
        }
        defer { server.stop() }
        let headers = body.map { $0.isEmpty ? [] : [(name: "content-type", value: "application/json")] } ?? []
        let response = try await client.send(.init(method, url: server.url, headers: headers, body: body), timeout: .seconds(10))
        #expect(String(decoding: response.body, as: UTF8.self) == expected)
    }

    @Test func `HEAD takes the headers and no body`() async throws {
        let server = try ScriptedHTTPServer { connection in
            let request = try connection.receiveRequest()
            try connection.sendHead(headers: [("Content-Length", "5"), ("X-Method", request.method)])
            try connection.waitForClose()
        }
        defer { server.stop() }
        let response = try await client.send(.init(.head, url: server.url), timeout: .seconds(10))
        #expect(response.headers["X-Method"] == "HEAD")
        #expect(response.body.isEmpty)
    }

    @Test(arguments: [
        HTTPClient.Request(url: ""),
        .init(url: "127.0.0.1:80/no-scheme"),
        .init(url: "ftp://127.0.0.1/"),
        .init(url: "file:///etc/passwd"),
        .init(url: "http:///path"),
        .init(url: "http://127.0.0.1:99999/"),
        .init(url: "http://127.0.0.1/a b"),
        .init(url: "http://127.0.0.1/\u{0}@evil"),
        .init(url: "http://127.0.0.1/", headers: [("A b", "x")]),
        .init(url: "http://127.0.0.1/", headers: [("", "x")]),
        .init(url: "http://127.0.0.1/", headers: [("A", "x\r\nB: y")]),
        .init(url: "http://127.0.0.1/", headers: [("content-length", "3")]),
        .init(url: "http://127.0.0.1/", headers: [("Transfer-Encoding", "chunked")]),
        .init(.get, url: "http://127.0.0.1/", body: [1]),
        .init(.head, url: "http://127.0.0.1/", body: []),
    ])
    func `what cannot be sent as meant is refused before anything is sent`(request: HTTPClient.Request) async throws {
        let error = await #expect(throws: HTTPTransportError.self) { try await client.send(request, timeout: .seconds(10)) }
        #expect(error?.code == .invalidRequest)
        #expect(error?.isRetriable == false)
    }

    // MARK: Answers

    @Test func `a chunked body comes without its coding, whatever the pieces`() async throws {
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.beginChunks(headers: [("Set-Cookie", "a"), ("set-cookie", "b"), ("X-Space", " \t v w \t")])
            for byte in ScriptedHTTPServer.Connection.chunk(Array("hello, ".utf8)) { try connection.send([byte]) }
            try connection.sendChunk("world")
            try connection.send("0\r\nX-Trailer: t\r\n\r\n")
        }
        defer { server.stop() }
        let response = try await get(server)
        #expect(String(decoding: response.body, as: UTF8.self) == "hello, world")
        #expect(response.headers["SET-COOKIE"] == "a")
        #expect(response.headers.fields.filter { $0.name.lowercased() == "set-cookie" }.map(\.value) == ["a", "b"])
        #expect(response.headers["X-Space"] == "v w")
        #expect(response.headers["X-Trailer"] == nil)
        #expect(response.headers["X-Missing"] == nil)
    }

    @Test func `interim answers are skipped, statuses are no errors, and redirects are not followed`() async throws {
        let server = try ScriptedHTTPServer { connection in
            for status in [500, 307] {
                _ = try connection.receiveRequest()
                try connection.send("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n")
                try connection.respond(status: status, headers: [("Location", "/elsewhere")], body: "\(status)")
            }
        }
        defer { server.stop() }
        for status in [500, 307] {
            let response = try await get(server)
            #expect(response.status == status)
            #expect(response.headers["X-Early"] == nil)
            #expect(String(decoding: response.body, as: UTF8.self) == "\(status)")
        }
        #expect(server.connectionCount == 1)
    }

    @Test func `a fresh connection is neither an old one nor kept`() async throws {
        let closed = ScriptedHTTPServer.Event()
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.respond(body: "\(connection.index)")
            if connection.index == 1 {
                try connection.waitForClose()
                closed.signal()
            } else {
                _ = try connection.receiveRequest()
                try connection.respond(body: "\(connection.index)")
            }
        }
        defer {
            server.stop()
            // Letting go of the client would close the connection too.
            withExtendedLifetime(client) {}
        }
        #expect(try await get(server).body == Array("0".utf8))
        let fresh = HTTPClient.Request(url: server.url, freshConnection: true)
        #expect(try await client.send(fresh, timeout: .seconds(10)).body == Array("1".utf8))
        try await closed.wait()
        #expect(try await get(server).body == Array("0".utf8))
    }

    // MARK: Failures

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", HTTPTransportError.Code.cut),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", .cut),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", .cut),
        ("", .cut),
        ("SSH-2.0-OpenSSH_9.2\r\n", .protocolError),
    ])
    func `an answer that is cut or no HTTP is named`(wire: String, code: HTTPTransportError.Code) async throws {
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.send(wire)
        }
        defer { server.stop() }
        let error = await #expect(throws: HTTPTransportError.self) { try await get(server, "/v3/range?token=secret") }
        #expect(error?.code == code)
        #expect(error?.endpoint == "127.0.0.1:\(server.port)")
        #expect(error?.operation == "GET /v3/range")
    }

    @Test func `headers beyond their limit are refused`() async throws {
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.respond(headers: Array(repeating: (name: "X-Long", value: String(repeating: "x", count: 90_000)), count: 3))
        }
        defer { server.stop() }
        let error = await #expect(throws: HTTPTransportError.self) { try await get(server) }
        #expect(error?.code == .protocolError)
    }

    @Test func `a reset is a cut`() async throws {
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
            try connection.reset()
        }
        defer { server.stop() }
        let error = await #expect(throws: HTTPTransportError.self) { try await get(server) }
        #expect(error?.code == .cut)
        #expect(error?.isRetriable == true)
    }

    @Test func `a closed port is a refused connection`() async throws {
        let port = try ScriptedHTTPServer.unusedPort()
        let error = await #expect(throws: HTTPTransportError.self) {
            try await client.send(.init(url: "http://127.0.0.1:\(port)/"), timeout: .seconds(10))
        }
        #expect(error?.code == .couldNotConnect)
        #expect(error?.isRetriable == true)
        #expect(error?.curlCode == 7)
        #expect(error?.description.contains("127.0.0.1:\(port)") == true)
    }

    @Test func `a port that does not take the connection is a timeout of the connecting alone`() async throws {
        let listener = try SaturatedListener()
        let client = try HTTPClient(configuration: .init(connectTimeout: .milliseconds(200)))
        let error = await #expect(throws: HTTPTransportError.self) {
            try await client.send(.init(url: "http://127.0.0.1:\(listener.port)/"), timeout: .seconds(60))
        }
        #expect(error?.code == .timedOut)
        #expect(error?.curlCode == 28)
    }

    @Test func `a name without an address could not be resolved`() async throws {
        // No name: a label has at most 63 bytes, so the resolver refuses it without asking anybody.
        let name = String(repeating: "x", count: 64)
        let error = await #expect(throws: HTTPTransportError.self) { try await client.send(.init(url: "http://\(name)/"), timeout: .seconds(10)) }
        #expect(error?.code == .couldNotResolve)
    }

    @Test func `the timeout covers a server that never answers`() async throws {
        let server = try ScriptedHTTPServer { try $0.waitForClose() }
        defer { server.stop() }
        let started = ContinuousClock.now
        let error = await #expect(throws: HTTPTransportError.self) { try await client.send(.init(url: server.url), timeout: .milliseconds(200)) }
        #expect(error?.code == .timedOut)
        #expect(started.duration(to: .now) >= .milliseconds(200))
    }

    @Test func `the timeout covers the wait for a free connection, and a cancelled request gives its place away`() async throws {
        let client = try HTTPClient(configuration: .init(maximumHostConnections: 1))
        let arrived = ScriptedHTTPServer.Event()
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            arrived.signal()
            if connection.index == 0 {
                try connection.waitForClose()
            }
            try connection.respond(body: "\(connection.index)")
        }
        defer { server.stop() }
        let first = Task { try await client.send(.init(url: server.url), timeout: .seconds(30)) }
        try await arrived.wait()
        let error = await #expect(throws: HTTPTransportError.self) { try await client.send(.init(url: server.url), timeout: .milliseconds(200)) }
        #expect(error?.code == .timedOut)
        #expect(server.connectionCount == 1)

        async let waiting = client.send(.init(url: server.url), timeout: .seconds(30))
        first.cancel()
        await #expect(throws: HTTPTransportError.self) { try await first.value }
        #expect(try await waiting.body == Array("1".utf8))
    }

    @Test(arguments: [true, false])
    func `a body over its limit is refused, one at its limit is not`(isChunked: Bool) async throws {
        let server = try ScriptedHTTPServer { connection in
            while true {
                _ = try connection.receiveRequest()
                if isChunked {
                    try connection.beginChunks()
                    for _ in 0..<10 { try connection.sendChunk(String(repeating: "x", count: 100)) }
                    try connection.endChunks()
                } else {
                    try connection.respond(body: String(repeating: "x", count: 1000))
                }
            }
        }
        defer { server.stop() }
        let request = HTTPClient.Request(url: server.url)
        #expect(try await client.send(request, timeout: .seconds(10), bodyLimit: 1000).body.count == 1000)
        let error = await #expect(throws: HTTPTransportError.self) { try await client.send(request, timeout: .seconds(10), bodyLimit: 999) }
        #expect(error?.code == .bodyTooLarge)
        #expect(error?.isRetriable == false)
    }

    // MARK: Cancellation

    @Test func `cancelling the task closes the connection`() async throws {
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
        let task = Task { try await get(server) }
        try await arrived.wait()
        task.cancel()
        let error = await #expect(throws: HTTPTransportError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        try await closed.wait()
    }

    @Test func `a task that is cancelled already gets no answer`() async throws {
        let server = try ScriptedHTTPServer { try $0.waitForClose() }
        defer { server.stop() }
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await get(server)
        }
        let error = await #expect(throws: HTTPTransportError.self) { try await task.value }
        #expect(error?.code == .cancelled)
    }

    // MARK: Secrets

    @Test func `no description shows a header value, user information or a query`() async throws {
        let port = try ScriptedHTTPServer.unusedPort()
        let url = "http://user:hunter2@127.0.0.1:\(port)/path?token=hunter2"
        let request = HTTPClient.Request(.post, url: url, headers: [("Authorization", "hunter2")], body: Array("hunter2".utf8))
        let error = await #expect(throws: HTTPTransportError.self) { try await client.send(request, timeout: .seconds(10)) }
        for text in ["\(request)", String(reflecting: request), "\([request])", "\(error as Any)", String(reflecting: error)] {
            #expect(text.contains("127.0.0.1:\(port)"))
            #expect(!text.contains("hunter2"))
        }
        #expect("\(HTTPClient.Request(url: "hunter2 hunter2"))" == "GET (not a valid URL)")
    }
}

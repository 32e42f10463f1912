import HTTPServing
import Synchronization
import TestSupport
import Testing

/// Takes at most so many bytes at a time and answers with all of them.
private final class Collector: HTTPBodyReceiver {
    private let atOnce: Int
    private let abandoned: Messages
    private let isDeferred: Bool
    private var body: [UInt8] = []

    init(atOnce: Int, isDeferred: Bool, abandoned: Messages) {
        self.atOnce = atOnce
        self.isDeferred = isDeferred
        self.abandoned = abandoned
    }

    func receive(_ part: UnsafeRawBufferPointer) -> Int {
        let taken = min(atOnce, part.count)
        body.append(contentsOf: part[..<taken])
        return taken
    }

    func finish() -> HTTPReply {
        let response = HTTPResponse(status: 200, body: body)
        return isDeferred ? .deferred { response } : .response(response)
    }

    func abandon() {
        abandoned.append(String(decoding: body, as: UTF8.self))
    }
}

extension HTTPServerTests {
    @Suite struct BodyReceiverTests {
        /// `POST /take/{bytes at once}`: a receiver unless the request has `X-Collect`.
        private static func route(_ abandoned: Messages = Messages()) -> HTTPRoute {
            HTTPRoute(.post, "/take/{bytes}") { request in
                if request.header("X-Collect") != nil { return nil }
                let atOnce = request.decodedSegment(0).flatMap { Int($0) } ?? .max
                return Collector(atOnce: atOnce, isDeferred: request.header("X-Defer") != nil, abandoned: abandoned)
            } handler: { request in
                .response(.text("collected \(request.body.count)"))
            }
        }

        private static let body = (0..<5_000).map { "\($0)," }.joined()

        @Test(arguments: ["1", "7", "1000", "all"], ["", "X-Defer: yes\r\n"])
        func `a receiver gets every byte once, in order, however little it takes at a time`(atOnce: String, headers: String) async throws {
            let server = try HTTPServer.start([Self.route(), .get("/get", "answer")]) { $0.bodyLimit = 10 }
            try await onThread {
                let client = try RawHTTPClient(port: server.port)
                let whole = try client.request("POST", "/take/\(atOnce)", headers: headers, body: Self.body)
                #expect(whole.text == Self.body)
                try client.send("POST /take/\(atOnce) HTTP/1.1\r\nHost: test\r\n\(headers)Transfer-Encoding: chunked\r\n\r\n")
                for start in stride(from: 0, to: Self.body.utf8.count, by: 999) {
                    let chunk = Array(Self.body.utf8.dropFirst(start).prefix(999))
                    try client.send("\(String(chunk.count, radix: 16))\r\n")
                    try client.send(chunk)
                    try client.send("\r\n")
                }
                try client.send("0\r\n\r\n")
                #expect(try client.readResponse().text == Self.body)
                // The connection lives on, also for what was sent with the end of the body.
                let head = "POST /take/\(atOnce) HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n"
                try client.send("\(head)helloGET /get HTTP/1.1\r\nHost: test\r\n\r\n")
                #expect(try client.readResponse().text == "hello")
                #expect(try client.readResponse().text == "answer")
            }
        }

        @Test func `without a receiver the body is collected up to the limit, and a request without body goes to the handler`() async throws {
            let server = try HTTPServer.start([Self.route()]) { $0.bodyLimit = 10 }
            try await onThread {
                let client = try RawHTTPClient(port: server.port)
                #expect(try client.request("POST", "/take/1").text == "collected 0")
                #expect(try client.request("POST", "/take/1", body: "").text == "collected 0")
                #expect(try client.request("POST", "/take/1", headers: "X-Collect: yes\r\n", body: "12345").text == "collected 5")
                #expect(try client.request("GET", "/take/1", body: "12345").status == 405)
                #expect(try client.request("POST", "/take/1", headers: "X-Collect: yes\r\n", body: "12345678901").status == 413)
            }
        }

        @Test(arguments: [0, 1, 5_000, 100_000])
        func `a receiver learns that the connection broke`(sent: Int) async throws {
            let abandoned = Messages()
            // libmicrohttpd misses the end of the input when it comes together with the last bytes: then the timeout closes the connection.
            let server = try HTTPServer.start([Self.route(abandoned)]) { $0.idleTimeout = .seconds(2) }
            let body = String(repeating: "x", count: sent)
            try await onThread {
                let client = try RawHTTPClient(port: server.port)
                try client.send("POST /take/700 HTTP/1.1\r\nHost: test\r\nContent-Length: 200000\r\n\r\n\(body)")
                client.close()
            }
            try await waitUntil { !abandoned.all.isEmpty }
            #expect(abandoned.all == [body])
            await server.stop(drainingFor: .seconds(120))
            #expect(abandoned.all == [body])
        }

        @Test func `other connections have their turn while a body is taken`() async throws {
            let server = try HTTPServer.start([Self.route(), .get("/get", "answer")]) { $0.workers = 1 }
            let isDone = Counter()
            async let taken = onThread {
                defer { isDone.increment() }
                return try RawHTTPClient(port: server.port).request("POST", "/take/1", body: Self.body + Self.body + Self.body).body.count
            }
            let answersMeanwhile = try await onThread {
                let client = try RawHTTPClient(port: server.port)
                var answers = 0
                while isDone.value == 0 {
                    #expect(try client.request("GET", "/get").text == "answer")
                    answers += 1
                }
                return answers
            }
            #expect(try await taken == 3 * Self.body.utf8.count)
            #expect(answersMeanwhile > 3)
        }

        @Test(arguments: 0..<5)
        func `stopping while bodies are taken cuts no answer`(repetition: Int) async throws {
            let begun = Counter()
            let route = HTTPRoute(.post, "/take/{bytes}") { _ in
                begun.increment()
                return Collector(atOnce: 10, isDeferred: false, abandoned: Messages())
            } handler: { _ in
                .response(.text(""))
            }
            let server = try HTTPServer.start([route])
            async let counts = onThreads(8) { _ in
                try RawHTTPClient(port: server.port).request("POST", "/take/10", body: Self.body).body.count
            }
            try await waitUntil { begun.value == 8 }
            await server.stop(drainingFor: .seconds(120))
            #expect(try await counts == Array(repeating: Self.body.utf8.count, count: 8))
        }

        @Test func `a forced stop while bodies are taken does no harm`() async throws {
            let abandoned = Messages()
            let server = try HTTPServer.start([Self.route(abandoned)])
            let clients = try (0..<8).map { _ in try RawHTTPClient(port: server.port) }
            for client in clients {
                try client.send("POST /take/1 HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n\(Self.body)")
            }
            await server.stop(drainingFor: .milliseconds(20))
            #expect(abandoned.all.count <= 8)
            #expect(server.connectionCount == 0)
        }
    }
}

import HTTPServing
import TestSupport
import Testing

extension HTTPServerTests {
    @Suite struct RequestBodyTests {
        private static let limit = 1000
        private static let head = "POST /echo HTTP/1.1\r\nHost: test\r\n"
        private static let chunked = "\(head)Transfer-Encoding: chunked\r\n\r\n"

        private static func start(_ routes: [HTTPRoute] = []) throws -> HTTPServer {
            try HTTPServer.start([.echo, .get("/get", "answer")] + routes) { $0.bodyLimit = limit }
        }

        @Test func `a body up to the limit is given completely`() async throws {
            let server = try Self.start()
            try await onThread {
                let client = try RawHTTPClient(port: server.port)
                for count in [0, 1, Self.limit] {
                    let body = String(repeating: "x", count: count)
                    #expect(try client.request("POST", "/echo", body: body).text == body)
                }
                #expect(try client.request("POST", "/echo").text == "")
            }
        }

        @Test func `a body that declares to be longer is refused at once`() async throws {
            let server = try Self.start()
            try await onThread {
                for length in ["\(Self.limit + 1)", "9223372036854775807", "18446744073709551615"] {
                    let client = try RawHTTPClient(port: server.port)
                    try client.send("\(Self.head)Content-Length: \(length)\r\n\r\n")
                    let response = try client.readResponse()
                    #expect(response.status == 413)
                    #expect(response.text == "bodyTooLarge(limit: 1000)\n")
                    #expect(response.header("Connection") == "close")
                }
            }
        }

        @Test func `chunks are put together`() async throws {
            let server = try Self.start()
            try await onThread {
                let client = try RawHTTPClient(port: server.port)
                for _ in 0..<2 {
                    try client.send("\(Self.chunked)3\r\nabc\r\n5;extension=1\r\ndefgh\r\n0\r\nTrailer: x\r\n\r\n")
                    #expect(try client.readResponse().text == "abcdefgh")
                }
                try client.send("\(Self.chunked)0\r\n\r\n")
                #expect(try client.readResponse().text == "")
            }
        }

        @Test func `chunks beyond the limit are read to their end and refused`() async throws {
            let server = try Self.start()
            let chunk = "1f4\r\n\(String(repeating: "x", count: 500))\r\n"
            try await onThread {
                let client = try RawHTTPClient(port: server.port)
                try client.send("\(Self.chunked)\(chunk)\(chunk)0\r\n\r\n")
                #expect(try client.readResponse().body.count == Self.limit)
                try client.send("\(Self.chunked)\(chunk)\(chunk)1\r\nx\r\n0\r\n\r\n")
                #expect(try client.readResponse().status == 413)
                #expect(try client.request("GET", "/get").text == "answer")
            }
        }

        @Test func `a client that never stops sending is cut off`() async throws {
            let server = try Self.start()
            try await onThread {
                let client = try RawHTTPClient(port: server.port)
                let chunk = "1f4\r\n\(String(repeating: "x", count: 500))\r\n"
                try client.send(Self.chunked)
                #expect(throws: RawHTTPClient.Failure.self) {
                    for _ in 0..<100_000 {
                        try client.send(chunk)
                    }
                }
            }
        }

        @Test func `a body where none belongs is read and refused`() async throws {
            let server = try Self.start()
            try await onThread {
                let client = try RawHTTPClient(port: server.port)
                let refused = try client.request("GET", "/get", body: "x")
                #expect(refused.status == 400)
                #expect(refused.text == "bodyNotAllowed\n")
                try client.send("GET /get HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n")
                #expect(try client.readResponse().text == "bodyNotAllowed\n")
                // The same connection, and a body of no bytes.
                #expect(try client.request("GET", "/get", body: "").text == "answer")
            }
        }

        @Test func `path and method are judged before the body`() async throws {
            let server = try Self.start()
            let long = String(repeating: "x", count: Self.limit + 1)
            try await onThread {
                let client = try RawHTTPClient(port: server.port)
                #expect(try client.request("POST", "/nowhere", body: "x").status == 404)
                let refused = try client.request("PUT", "/echo", body: "x")
                #expect(refused.status == 405)
                #expect(refused.header("Allow") == "POST")
                #expect(try RawHTTPClient(port: server.port).request("POST", "/nowhere", body: long).status == 404)
                #expect(try RawHTTPClient(port: server.port).request("GET", "/get", body: long).status == 400)
                #expect(try RawHTTPClient(port: server.port).request("PUT", "/echo", body: long).status == 405)
            }
        }

        @Test(arguments: [
            "POST /count HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n0123456789",
            "POST /count HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n",
        ])
        func `a request that is cut anywhere reaches no handler`(request: String) async throws {
            let calls = Counter()
            let route = HTTPRoute(.post, "/count", takesBody: true) { _ in
                calls.increment()
                return .response(.text("counted"))
            }
            // libmicrohttpd misses the end of the input when it comes together with the last bytes: then the timeout closes the connection.
            let server = try HTTPServer.start([route]) { $0.idleTimeout = .seconds(2) }
            let request = Array(request.utf8)
            let areClosed = try await onThreads(request.count - 1) { index in
                let client = try RawHTTPClient(port: server.port)
                try client.send(Array(request[...index]))
                client.shutdownWriting()
                return client.isClosedByServer()
            }
            #expect(areClosed == Array(repeating: true, count: request.count - 1))
            #expect(calls.value == 0)
            let text = try await onThread {
                let client = try RawHTTPClient(port: server.port)
                try client.send(request)
                return try client.readResponse().text
            }
            #expect(text == "counted")
            #expect(calls.value == 1)
            let start = ContinuousClock.now
            await server.stop(drainingFor: .seconds(120))
            #expect(ContinuousClock.now - start < .seconds(30), "no request is left in flight")
        }

        @Test func `a request that is sent byte by byte is understood`() async throws {
            let server = try Self.start()
            try await onThread {
                let client = try RawHTTPClient(port: server.port)
                for request in ["\(Self.head)Content-Length: 5\r\n\r\nhello", "\(Self.chunked)2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"] {
                    for byte in request.utf8 {
                        try client.send([byte])
                    }
                    #expect(try client.readResponse().text == "hello")
                }
            }
        }

        @Test func `a client that waits for 100 is told to go on`() async throws {
            let server = try Self.start()
            try await onThread {
                let client = try RawHTTPClient(port: server.port)
                try client.send("\(Self.head)Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
                #expect(try client.readResponse().status == 100)
                try client.send("hello")
                #expect(try client.readResponse().text == "hello")
                try client.send("\(Self.head)Content-Length: 1001\r\nExpect: 100-continue\r\n\r\n")
                #expect(try client.readResponse().status == 413)
            }
        }

        @Test(arguments: [
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
            "Content-Length: 5\r\nContent-Length: 5\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n", "content-length: 0\r\nCONTENT-LENGTH: 5\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: identity\r\n",
            "Content-Length: 5, 5\r\n", "Content-Length: +5\r\n", "Content-Length: -5\r\n", "Content-Length: 0x5\r\n",
        ])
        func `a body of ambiguous length is refused and the connection closed`(headers: String) async throws {
            let server = try Self.start()
            try await onThread {
                for requestLine in ["POST /echo", "GET /get"] {
                    let client = try RawHTTPClient(port: server.port)
                    try client.send("\(requestLine) HTTP/1.1\r\nHost: test\r\n\(headers)\r\n")
                    let response = try client.readResponse()
                    #expect(response.status == 400)
                    #expect(response.header("Connection") == "close")
                    #expect(client.isClosedByServer())
                }
            }
        }

        @Test func `HTTP 1.0 has no chunks`() async throws {
            let server = try Self.start()
            try await onThread {
                let client = try RawHTTPClient(port: server.port)
                try client.send("POST /echo HTTP/1.0\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
                #expect(try client.readResponse().status == 400)
            }
        }
    }
}

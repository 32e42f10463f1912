import HTTPServing
import TestSupport
import Testing

extension HTTPServerTests {
    @Suite struct RequestTests {
        /// Answers what the handler saw of the request, one thing a line.
        private static let inspect = HTTPRoute(.get, "/inspect/{a}/{b}") { request in
            let raw = String(decoding: request.segment(0), as: UTF8.self)
            let decoded = request.decodedSegment(0) ?? "nil"
            let parameters = request.queryParameters()?.map { "\($0.name)=\($0.value ?? "nil")" }.joined(separator: "&") ?? "nil"
            let length = request.withHeader("X-Test") { $0?.count ?? -1 }
            return .response(
                .text(
                    """
                    \(request.method.name) \(raw) \(decoded) \(String(decoding: request.segment(1), as: UTF8.self))
                    \(request.queryParameterCount) \(parameters)
                    \(request.header("x-test") ?? "nil") \(length)
                    \(request.clientAddress) \(request.body.count) \(request.isDraining)
                    """
                )
            )
        }

        private func lines(_ target: String, headers: String = "") async throws -> [String] {
            let server = try HTTPServer.start([Self.inspect])
            return try await onThread {
                let response = try RawHTTPClient(port: server.port).request("GET", target, headers: headers)
                #expect(response.status == 200)
                return response.text.split(separator: "\n").map(String.init)
            }
        }

        @Test func `two requests are answered on one connection`() async throws {
            let server = try HTTPServer.start([.get("/a", "first"), .get("/b", "second")])
            try await onThread {
                let client = try RawHTTPClient(port: server.port)
                let first = try client.request("GET", "/a")
                #expect(first.text == "first")
                #expect(first.header("Connection")?.lowercased() != "close")
                #expect(try client.request("GET", "/b").text == "second")
                #expect(server.connectionCount == 1)
            }
        }

        @Test func `pipelined requests are answered in their order`() async throws {
            let server = try HTTPServer.start([.get("/a", "first"), .get("/b", "second"), .echo])
            try await onThread {
                let client = try RawHTTPClient(port: server.port)
                let host = " HTTP/1.1\r\nHost: test\r\n"
                try client.send("GET /a\(host)\r\nPOST /echo\(host)Content-Length: 4\r\n\r\nbodyGET /nowhere\(host)\r\nGET /b\(host)\r\n")
                #expect(try client.readResponse().text == "first")
                #expect(try client.readResponse().text == "body")
                #expect(try client.readResponse().status == 404)
                #expect(try client.readResponse().text == "second")
            }
        }

        @Test func `a client that has closed its side is answered`() async throws {
            let server = try HTTPServer.start([.get("/a", "answer")])
            try await onThread {
                let client = try RawHTTPClient(port: server.port)
                try client.send("GET /a HTTP/1.1\r\nHost: test\r\n\r\n")
                client.shutdownWriting()
                let response = try client.readResponse()
                #expect(response.text == "answer")
            }
        }

        @Test func `HEAD carries the length of the body and no body`() async throws {
            let server = try HTTPServer.start([Self.inspect, .get("/a", "12345"), .get("/b", "next")])
            try await onThread {
                let client = try RawHTTPClient(port: server.port)
                #expect(try client.request("HEAD", "/a").header("Content-Length") == "5")
                #expect(try client.request("GET", "/b").text == "next")
                let head = try client.request("HEAD", "/inspect/a/b")
                let get = try client.request("GET", "/inspect/a/b")
                // The handler sees `HEAD`, which is one byte longer than `GET`.
                #expect(head.header("Content-Length") == "\(get.body.count + 1)")
            }
        }

        @Test func `an unknown path is not found before its method is judged`() async throws {
            let server = try HTTPServer.start([.get("/a", ""), HTTPRoute(.put, "/a") { _ in .response(.text("")) }])
            try await onThread {
                let client = try RawHTTPClient(port: server.port)
                #expect(try client.request("PATCH", "/nowhere").status == 404)
                #expect(try client.request("GET", "/a/").status == 404)
                let refused = try client.request("DELETE", "/a")
                #expect(refused.status == 405)
                #expect(refused.header("Allow") == "GET, HEAD, PUT")
                #expect(try client.request("OPTIONS", "/a").status == 405)
                #expect(try client.request("GET", "/a").status == 200)
            }
        }

        @Test func `failures are answered as the configuration says`() async throws {
            let server = try HTTPServer.start([]) {
                $0.failureResponse = { HTTPResponse(status: $0.status, headers: [("X-Failure", "yes")], body: Array("{\"\($0)\"}".utf8)) }
            }
            try await onThread {
                let response = try RawHTTPClient(port: server.port).request("GET", "/")
                #expect(response.status == 404)
                #expect(response.header("X-Failure") == "yes")
                #expect(response.text == "{\"notFound\"}")
            }
        }

        @Test(arguments: [
            ("a%2Fb", "a/b"), ("a+b", "a+b"), ("%C3%A9", "é"), ("%00", "nil"), ("a%00b", "nil"), ("%zz", "nil"), ("%2", "nil"), ("%", "nil"),
            ("%FF", "nil"),
        ])
        func `a segment is given raw and decoded`(segment: String, decoded: String) async throws {
            #expect(try await lines("/inspect/\(segment)/b").first == "GET \(segment) \(decoded) b")
        }

        @Test func `an absolute target is served by its path, with its query`() async throws {
            let lines = try await lines("http://host:99/inspect/a/b?x=1")
            #expect(lines[0] == "GET a a b")
            #expect(lines[1] == "1 x=1")
        }

        @Test(arguments: [
            ("", "0 "), ("?", "0 "), ("?a=1", "1 a=1"), ("?a=1&b=2", "2 a=1&b=2"), ("?a=1&a=2", "2 a=1&a=2"), ("?a", "1 a=nil"),
            ("?a&b=", "2 a=nil&b="),
            ("?a=b+c%2Bd%26", "1 a=b c+d&"), ("?%61=%C3%A9", "1 a=é"), ("?=x", "1 =x"), ("?&a", "2 =nil&a=nil"), ("?a=b=c", "1 a=b=c"),
            ("?a=%zz", "1 nil"),
            ("?a=%2", "1 nil"), ("?a=%00", "1 nil"), ("?%=1", "1 nil"), ("?a=%FF&b=1", "2 nil"),
        ])
        func `query parameters are decoded`(query: String, expected: String) async throws {
            #expect(try await lines("/inspect/a/b\(query)")[1] == expected)
        }

        @Test(arguments: [
            ("", "nil -1"), ("X-TEST: hello\r\n", "hello 5"), ("x-test: one\r\nX-Test: two\r\n", "one 3"), ("X-Test: \r\n", " 0"),
            ("X-Test-2: no\r\n", "nil -1"),
        ])
        func `a header is found without case`(headers: String, expected: String) async throws {
            #expect(try await lines("/inspect/a/b", headers: headers)[2] == expected)
        }

        @Test func `the client's address has no port`() async throws {
            #expect(try await lines("/inspect/a/b")[3] == "127.0.0.1 0 false")
        }

        @Test func `an idle connection is closed`() async throws {
            let server = try HTTPServer.start([.get("/", "")]) { $0.idleTimeout = .seconds(3) }
            try await onThread {
                let client = try RawHTTPClient(port: server.port)
                #expect(try client.request("GET", "/").status == 200)
                #expect(client.isClosedByServer())
            }
        }
    }
}

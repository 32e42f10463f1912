import HTTPServing
import TestSupport
import Testing

extension HTTPServerTests {
    @Suite struct ListeningTests {
        private static let address = HTTPRoute(.get, "/") { .response(.text($0.clientAddress)) }

        @Test func `a port in use is named`() throws {
            let server = try HTTPServer.start([])
            let error = #expect(throws: HTTPServerError.self) {
                try HTTPServer.start([]) { $0.port = server.port }
            }
            #expect(error?.code == .addressInUse)
            #expect(error?.description.hasPrefix("127.0.0.1:\(server.port) is already in use") == true)
        }

        @Test func `an IPv6 port in use is named in brackets`() throws {
            let server = try HTTPServer.start([]) { $0.host = "::1" }
            let error = #expect(throws: HTTPServerError.self) {
                try HTTPServer.start([]) {
                    $0.host = "::1"
                    $0.port = server.port
                }
            }
            #expect(error?.description.hasPrefix("[::1]:\(server.port) is already in use") == true)
        }

        @Test(arguments: [("192.0.2.1", 0), ("not a host", 0), ("127.0.0.1", 70_000), ("", -1)])
        func `an address that is not ours is refused`(host: String, port: Int) {
            let error = #expect(throws: HTTPServerError.self) {
                try HTTPServer.start([]) {
                    $0.host = host
                    $0.port = port
                }
            }
            #expect(error?.code == .invalidAddress)
            #expect(error?.description.contains(host) == true)
        }

        @Test func `a port is free again after the stop`() async throws {
            let server = try HTTPServer.start([Self.address])
            _ = try await onThread { try RawHTTPClient(port: server.port).request("GET", "/").status }
            await server.stop(drainingFor: .seconds(120))
            let next = try HTTPServer.start([Self.address]) { $0.port = server.port }
            #expect(next.port == server.port)
        }

        @Test func `IPv6 is served`() async throws {
            let server = try HTTPServer.start([Self.address]) { $0.host = "::1" }
            let text = try await onThread { try RawHTTPClient(host: "::1", port: server.port).request("GET", "/").text }
            #expect(text == "::1")
        }

        @Test func `the unspecified IPv6 address serves IPv4 as well`() async throws {
            let server = try HTTPServer.start([Self.address]) { $0.host = "::" }
            for host in ["::1", "127.0.0.1"] {
                let text = try await onThread { try RawHTTPClient(host: host, port: server.port).request("GET", "/").text }
                #expect(text == host)
            }
        }

        @Test(arguments: [0, 1, 4])
        func `any number of workers serves`(workers: Int) async throws {
            let server = try HTTPServer.start([Self.address]) { $0.workers = workers }
            let texts = try await onThreads(8) { _ in try RawHTTPClient(port: server.port).request("GET", "/").text }
            #expect(texts == Array(repeating: "127.0.0.1", count: 8))
        }

        @Test func `libmicrohttpd's messages are logged without line ends`() async throws {
            let messages = Messages()
            let server = try HTTPServer.start([]) { $0.log = { messages.append($0) } }
            try await onThread {
                let client = try RawHTTPClient(port: server.port)
                try client.send("GET / HTTP/1.1\r\nHost: test\r\nContent-Length: none\r\n\r\n")
                #expect(try client.readResponse().status == 400)
            }
            #expect(messages.all.contains { $0.contains("Content-Length") })
            #expect(messages.all.allSatisfy { !$0.contains("\n") })
        }
    }
}

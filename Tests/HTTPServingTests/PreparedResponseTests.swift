import HTTPServing
import Synchronization
import TestSupport
import Testing

extension HTTPServerTests {
    @Suite struct PreparedResponseTests {
        private static func numbered(_ number: Int) -> PreparedResponse {
            PreparedResponse(HTTPResponse(status: 200, headers: [("X-Number", "\(number)")], body: Array("number \(number)".utf8)))
        }

        /// The response that is sent at the moment.
        private final class Current: Sendable {
            private let response = Mutex(PreparedResponseTests.numbered(0))

            func get() -> PreparedResponse {
                response.withLock { $0 }
            }

            func replace(with number: Int) {
                let new = PreparedResponseTests.numbered(number)
                response.withLock { $0 = new }
            }
        }

        @Test func `four clients share a response that is replaced all the time`() async throws {
            let current = Current()
            let isDone = Counter()
            let server = try HTTPServer.start([HTTPRoute(.get, "/") { _ in .prepared(current.get()) }])
            async let replacements = onThread {
                var number = 0
                while isDone.value == 0 {
                    number += 1
                    current.replace(with: number)
                }
                return number
            }
            let numbers = try await onThreads(4) { _ in
                let client = try RawHTTPClient(port: server.port)
                return try (0..<2_000).map { _ in
                    let response = try client.request("GET", "/")
                    #expect(response.text == "number \(response.header("X-Number") ?? "")")
                    return Int(response.header("X-Number") ?? "") ?? -1
                }
            }
            isDone.increment()
            for client in numbers {
                #expect(client == client.sorted(), "a client never sees an older response again")
                #expect(Set(client).count > 1)
            }
            #expect(try await replacements > 0)
        }

        @Test func `status, headers and body are sent as they are`() async throws {
            let prepared = PreparedResponse(HTTPResponse(status: 404, headers: [("A", "1"), ("B", "2"), ("A", "3")], body: [0, 1, 255]))
            #expect(prepared.status == 404)
            let server = try HTTPServer.start([HTTPRoute(.get, "/") { _ in .prepared(prepared) }])
            try await onThread {
                let response = try RawHTTPClient(port: server.port).request("GET", "/")
                #expect(response.status == 404)
                #expect(response.headers.filter { ["A", "B"].contains($0.name) }.map { "\($0.name)\($0.value)" } == ["A1", "B2", "A3"])
                #expect(response.body == [0, 1, 255])
            }
        }

        @Test func `a header with a line break is left out and a wrong status is a 500`() async throws {
            let bad = HTTPResponse(status: 42, headers: [("X-Bad", "a\r\nX-Injected: b"), ("X-Good", "c")])
            let server = try HTTPServer.start([HTTPRoute(.get, "/") { _ in .response(bad) }])
            try await onThread {
                let response = try RawHTTPClient(port: server.port).request("GET", "/")
                #expect(response.status == 500)
                #expect(response.header("X-Bad") == nil)
                #expect(response.header("X-Injected") == nil)
                #expect(response.header("X-Good") == "c")
            }
        }
    }
}

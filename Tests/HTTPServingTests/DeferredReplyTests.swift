import Glibc
import HTTPServing
import TestSupport
import Testing

extension HTTPServerTests {
    @Suite struct DeferredReplyTests {
        /// `/wait` answers when the gate is open, `/get` at once, `/add/{number}` with a deferred text.
        private static func routes(_ gate: Gate, _ started: Counter) -> [HTTPRoute] {
            [
                HTTPRoute(.get, "/wait") { _ in
                    .deferred {
                        started.increment()
                        gate.wait()
                        return .text("late")
                    }
                },
                .get("/get", "answer"),
                HTTPRoute(.get, "/number/{number}") { request in
                    let number = request.decodedSegment(0) ?? ""
                    return .deferred { .text("number \(number)") }
                },
                HTTPRoute(.post, "/length", takesBody: true) { request in
                    let body = request.body
                    return .deferred { .text("\(body.count)") }
                },
            ]
        }

        @Test func `a hundred deferred answers at once reach their clients`() async throws {
            let server = try HTTPServer.start(Self.routes(Gate(), Counter()))
            let texts = try await onThreads(100) { index in
                let client = try RawHTTPClient(port: server.port)
                return try (0..<20).allSatisfy { round in
                    try client.request("GET", "/number/\(index)-\(round)").text == "number \(index)-\(round)"
                }
            }
            #expect(texts == Array(repeating: true, count: 100))
        }

        @Test func `a deferred answer may need the body, and HEAD has none`() async throws {
            let server = try HTTPServer.start(Self.routes(Gate(), Counter()))
            try await onThread {
                let client = try RawHTTPClient(port: server.port)
                #expect(try client.request("POST", "/length", body: "12345").text == "5")
                #expect(try client.request("HEAD", "/number/1").header("Content-Length") == "8")
                #expect(try client.request("GET", "/get").text == "answer")
            }
        }

        @Test func `a client that has closed its side gets its deferred answer`() async throws {
            let server = try HTTPServer.start(Self.routes(Gate(), Counter()))
            try await onThread {
                let client = try RawHTTPClient(port: server.port)
                try client.send("GET /number/1 HTTP/1.1\r\nHost: test\r\n\r\n")
                client.shutdownWriting()
                #expect(try client.readResponse().text == "number 1")
            }
        }

        @Test func `clients that go meanwhile do no harm`() async throws {
            let gate = Gate()
            let started = Counter()
            let server = try HTTPServer.start(Self.routes(gate, started))
            try await onThread {
                for _ in 0..<50 {
                    let client = try RawHTTPClient(port: server.port)
                    try client.send("GET /wait HTTP/1.1\r\nHost: test\r\n\r\n")
                    client.close()
                }
            }
            try await waitUntil { started.value == 2 }
            gate.open()
            try await waitUntil { server.connectionCount == 0 }
            let text = try await onThread { try RawHTTPClient(port: server.port).request("GET", "/get").text }
            #expect(text == "answer")
            let start = ContinuousClock.now
            await server.stop(drainingFor: .seconds(120))
            #expect(ContinuousClock.now - start < .seconds(30), "no request is left in flight")
        }

        @Test func `work that has begun is waited for, so that what it does is not said to be undone`() async throws {
            let gate = Gate()
            let started = Counter()
            let server = try HTTPServer.start(Self.routes(gate, started)) { $0.deferredDeadline = .seconds(1) }
            async let first = onThread { try RawHTTPClient(port: server.port).request("GET", "/wait").text }
            try await waitUntil { started.value == 1 }
            // The one that waits behind all the others expires: the deadline has passed for those that have begun, too.
            try await Task.sleep(for: .milliseconds(1500))
            gate.open()
            #expect(try await first == "late")
        }

        @Test func `work that has not begun by the deadline never begins`() async throws {
            let gate = Gate()
            let started = Counter()
            let server = try HTTPServer.start(Self.routes(gate, started)) {
                $0.deferredDeadline = .seconds(1)
                $0.builderThreads = 1
            }
            async let first = onThread { try RawHTTPClient(port: server.port).request("GET", "/wait").status }
            try await waitUntil { started.value == 1 }
            let others = try await onThreads(4) { _ in try RawHTTPClient(port: server.port).request("GET", "/wait").status }
            #expect(others == [503, 503, 503, 503])
            gate.open()
            #expect(try await first == 200)
            let text = try await onThread { try RawHTTPClient(port: server.port).request("GET", "/number/1").text }
            #expect(text == "number 1")
            #expect(started.value == 1)
        }

        @Test func `work of low priority gives way to other threads, and keeps no thread from work that does not`() async throws {
            let gate = Gate()
            let started = Counter()
            let niceness: @Sendable () -> HTTPResponse = { .text("\(getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0))") }
            let server = try HTTPServer.start([
                HTTPRoute(.get, "/low") { _ in .deferred(.low, niceness) },
                HTTPRoute(.get, "/normal") { _ in .deferred(.normal, niceness) },
                HTTPRoute(.get, "/wait") { _ in
                    .deferred(.low) {
                        started.increment()
                        gate.wait()
                        return .text("late")
                    }
                },
            ]) {
                $0.builderThreads = 1
                $0.deferredLimit = 0
            }
            let own = getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)
            let (low, normal) = try await onThread {
                let client = try RawHTTPClient(port: server.port)
                return (try client.request("GET", "/low").text, try client.request("GET", "/normal").text)
            }
            #expect(normal == "\(own)")
            #expect(low == "10")
            async let late = onThread { try RawHTTPClient(port: server.port).request("GET", "/wait").text }
            try await waitUntil { started.value == 1 }
            let (refused, answered) = try await onThread {
                let client = try RawHTTPClient(port: server.port)
                return (try client.request("GET", "/low").status, try client.request("GET", "/normal").text)
            }
            #expect(refused == 503)
            #expect(answered == "\(own)")
            gate.open()
            #expect(try await late == "late")
        }

        @Test func `more work than may wait is refused at once`() async throws {
            let gate = Gate()
            let received = Counter()
            let route = HTTPRoute(.get, "/wait") { _ in
                received.increment()
                return .deferred {
                    gate.wait()
                    return .text("late")
                }
            }
            let server = try HTTPServer.start([route]) {
                // One worker: it has suspended a request whose handler was called before it calls another.
                $0.workers = 1
                $0.builderThreads = 1
                $0.deferredLimit = 1
            }
            async let texts = onThreads(2) { _ in
                try RawHTTPClient(port: server.port).request("GET", "/wait").text
            }
            try await waitUntil { received.value == 2 }
            let refused = try await onThread {
                try RawHTTPClient(port: server.port).request("GET", "/wait").status
            }
            #expect(refused == 503)
            gate.open()
            #expect(try await texts == ["late", "late"])
        }
    }
}

import HTTPServing
import TestSupport
import Testing

extension HTTPServerTests {
    @Suite struct GracefulStopTests {
        @Test(arguments: 0..<10)
        func `no answer is cut under load`(repetition: Int) async throws {
            let served = Counter()
            let prepared = PreparedResponse(.text("prepared"))
            let routes = [
                HTTPRoute(.get, "/prepared") { _ in .prepared(prepared) },
                HTTPRoute(.get, "/deferred") { _ in .deferred { .text("deferred") } },
                HTTPRoute(.post, "/echo", takesBody: true) { .response(HTTPResponse(status: 200, body: $0.body)) },
            ]
            let server = try HTTPServer.start(routes)
            async let endings = onThreads(8) { index in
                let client = try RawHTTPClient(port: server.port)
                for round in 1... {
                    let response: RawHTTPClient.Response
                    do {
                        response =
                            switch index % 3 {
                            case 0: try client.request("GET", "/prepared")
                            case 1: try client.request("GET", "/deferred")
                            default: try client.request("POST", "/echo", body: "body")
                            }
                    } catch {
                        return "\(error) of kind \(index % 3) in round \(round)"
                    }
                    guard response.status == 200 else {
                        return "status \(response.status)"
                    }
                    if round == 10 {
                        served.increment()
                    }
                    if response.header("Connection")?.lowercased() == "close" {
                        return client.isClosedByServer() ? "told to leave" : "told to leave, but not closed"
                    }
                }
                return "not told to leave"
            }
            // Connections that no worker has accepted are reset by the stop.
            try await waitUntil { served.value == 8 }
            await server.stop(drainingFor: .seconds(120))
            let others = try await endings.filter { $0 != "told to leave" }
            #expect(others == [])
            #expect(throws: RawHTTPClient.Failure.self) { try RawHTTPClient(port: server.port) }
            #expect(server.connectionCount == 0)
        }

        @Test(arguments: 0..<20)
        func `stopping at the connection limit does no harm`(repetition: Int) async throws {
            let server = try HTTPServer.start([.get("/", "answer")]) { $0.connectionLimit = 4 }
            let answered = Counter()
            let isStopped = Counter()
            async let answers = onThreads(8) { _ in
                var answers = 0
                while isStopped.value == 0 {
                    // Refused and reset connections belong to it.
                    if let client = try? RawHTTPClient(port: server.port), (try? client.request("GET", "/").text) == "answer" {
                        answered.increment()
                        answers += 1
                    }
                }
                return answers
            }
            try await waitUntil { answered.value > 20 }
            await server.stop(drainingFor: .seconds(120))
            isStopped.increment()
            #expect(try await answers.reduce(0, +) == answered.value)
        }

        @Test func `large deferred answers to slow clients are sent completely`() async throws {
            let size = 5_000_000
            let received = Counter()
            let route = HTTPRoute(.get, "/large/{letter}") { request in
                let letter = request.segment(0)[0]
                received.increment()
                return .deferred { HTTPResponse(status: 200, body: [UInt8](repeating: letter, count: size)) }
            }
            let server = try HTTPServer.start([route])
            let mayRead = Gate()
            async let clients = onThreads(100) { index in
                let client = try RawHTTPClient(port: server.port, receiveBuffer: 16_384)
                let letter = UInt8(97 + index % 26)
                try client.send("GET /large/\(Character(Unicode.Scalar(letter))) HTTP/1.1\r\nHost: test\r\n\r\n")
                mayRead.wait()
                let response = try client.readResponse()
                return response.status == 200 && response.body == [UInt8](repeating: letter, count: size)
            }
            try await waitUntil { received.value == 100 }
            async let stopped: Void = server.stop(drainingFor: .seconds(120))
            try await waitUntil { (try? RawHTTPClient(port: server.port)) == nil }
            // Longer than a quiet time and the time for the last answers together.
            try await Task.sleep(for: .seconds(2))
            mayRead.open()
            #expect(try await clients == Array(repeating: true, count: 100))
            await stopped
        }

        @Test func `what is stuck at the deadline is answered as overloaded`() async throws {
            let gate = Gate()
            let received = Counter()
            let started = Counter()
            let route = HTTPRoute(.get, "/wait") { _ in
                received.increment()
                return .deferred {
                    started.increment()
                    gate.wait()
                    return .text("late")
                }
            }
            let server = try HTTPServer.start([route])
            async let statuses = onThreads(5) { _ in
                try RawHTTPClient(port: server.port).request("GET", "/wait").status
            }
            try await waitUntil { started.value == 2 && received.value == 5 }
            let start = ContinuousClock.now
            await server.stop(drainingFor: .milliseconds(300))
            #expect(ContinuousClock.now - start >= .milliseconds(300))
            #expect(try await statuses == [503, 503, 503, 503, 503])
            gate.open()
        }

        @Test func `cancelling the stop forces it`() async throws {
            let gate = Gate()
            let started = Counter()
            let route = HTTPRoute(.get, "/wait") { _ in
                .deferred {
                    started.increment()
                    gate.wait()
                    return .text("late")
                }
            }
            let server = try HTTPServer.start([route])
            async let outcome = onThread {
                // Answered as overloaded or cut off, whichever is first.
                (try? RawHTTPClient(port: server.port).request("GET", "/wait").status) ?? 0
            }
            try await waitUntil { started.value == 1 }
            let start = ContinuousClock.now
            let stop = Task { await server.stop(drainingFor: .seconds(3600)) }
            stop.cancel()
            await stop.value
            #expect(ContinuousClock.now - start < .seconds(30))
            #expect([0, 503].contains(try await outcome))
            gate.open()
        }

        @Test func `an idle server stops at once, and again`() async throws {
            let server = try HTTPServer.start([.get("/", "")])
            let start = ContinuousClock.now
            async let first: Void = server.stop(drainingFor: .seconds(120))
            async let second: Void = server.stop(drainingFor: .seconds(120))
            _ = await (first, second)
            await server.stop(drainingFor: .seconds(120))
            #expect(ContinuousClock.now - start < .seconds(30))
            #expect(server.connectionCount == 0)
        }

        @Test func `an idle connection does not hold the stop up`() async throws {
            let server = try HTTPServer.start([.get("/", "answer")])
            let client = try RawHTTPClient(port: server.port)
            #expect(try client.request("GET", "/").text == "answer")
            let start = ContinuousClock.now
            await server.stop(drainingFor: .seconds(120))
            #expect(ContinuousClock.now - start < .seconds(30))
            #expect(client.isClosedByServer())
        }

        @Test func `handlers see that the server stops`() async throws {
            let started = Counter()
            let gate = Gate()
            let routes = [
                HTTPRoute(.get, "/ready") { .response(.text($0.isDraining ? "stopping" : "ready")) },
                HTTPRoute(.get, "/wait") { _ in
                    .deferred {
                        started.increment()
                        gate.wait()
                        return .text("late")
                    }
                },
            ]
            let server = try HTTPServer.start(routes)
            async let late = onThread {
                try RawHTTPClient(port: server.port).request("GET", "/wait").text
            }
            try await waitUntil { started.value == 1 }
            let client = try RawHTTPClient(port: server.port)
            let probe = try RawHTTPClient(port: server.port)
            #expect(try client.request("GET", "/ready").text == "ready")
            async let stopped: Void = server.stop(drainingFor: .seconds(120))
            // The listener closes just before the server begins to drain, which may be in the middle of this request.
            while try probe.request("GET", "/ready").header("Connection") != "close" { try await Task.sleep(for: .milliseconds(1)) }
            #expect(throws: RawHTTPClient.Failure.self) { try RawHTTPClient(port: server.port) }
            let response = try client.request("GET", "/ready")
            #expect(response.text == "stopping")
            #expect(response.header("Connection") == "close")
            gate.open()
            #expect(try await late == "late")
            await stopped
        }

        @Test func `a server that is released stops`() async throws {
            var server: HTTPServer? = try HTTPServer.start([.get("/", "answer")])
            let port = try #require(server?.port)
            let client = try RawHTTPClient(port: port)
            #expect(try client.request("GET", "/").text == "answer")
            server = nil
            #expect(client.isClosedByServer())
            #expect(throws: RawHTTPClient.Failure.self) { try RawHTTPClient(port: port) }
        }
    }
}

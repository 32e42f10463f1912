import Foundation
import HTTPTransport
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct HTTPClientLifecycleTests {
    @Test func `a thousand requests at once are all answered`() async throws {
        let server = try ScriptedHTTPServer { connection in
            while true {
                let request = try connection.receiveRequest()
                try connection.respond(body: request.target)
            }
        }
        defer { server.stop() }
        let client = try HTTPClient()
        let answers = try await withThrowingTaskGroup(of: (Int, String).self) { group in
            for number in 0..<1000 {
                group.addTask {
                    let response = try await client.send(.init(url: "\(server.url)/\(number)"), timeout: .seconds(30))
                    return (number, String(decoding: response.body, as: UTF8.self))
                }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect(answers.count == 1000)
        #expect(answers.allSatisfy { $1 == "/\($0)" })
        #expect(server.connectionCount <= 64)
        await client.shutdown()
    }

    @Test func `a shutdown fails what is in flight and what comes later`() async throws {
        let arrived = (0..<100).map { _ in ScriptedHTTPServer.Event() }
        let server = try ScriptedHTTPServer { connection in
            let request = try connection.receiveRequest()
            if request.target == "/stream" {
                try connection.beginChunks()
            }
            arrived[connection.index].signal()
            try connection.waitForClose()
        }
        defer { server.stop() }
        let client = try HTTPClient(configuration: .init(maximumHostConnections: 100))
        let requests = (0..<100).map { number in
            Task {
                if number.isMultiple(of: 2) {
                    _ = try await client.send(.init(url: server.url), timeout: .seconds(30))
                } else {
                    for try await _ in try await client.stream(.init(url: server.url + "/stream"), idleTimeout: .seconds(30)).body {}
                }
            }
        }
        for event in arrived { try await event.wait() }

        async let first: Void = client.shutdown()
        async let second: Void = client.shutdown()
        _ = await (first, second)
        await client.shutdown()
        for request in requests {
            let error = await #expect(throws: HTTPTransportError.self) { try await request.value }
            #expect(error?.code == .shutDown)
        }
        let late = await #expect(throws: HTTPTransportError.self) { try await client.send(.init(url: server.url), timeout: .seconds(30)) }
        #expect(late?.code == .shutDown)
        let lateStream = await #expect(throws: HTTPTransportError.self) { try await client.stream(.init(url: server.url), idleTimeout: .seconds(30)) }
        #expect(lateStream?.code == .shutDown)
    }

    @Test func `a stream ends as shut down when nobody holds its client any more`() async throws {
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.beginChunks()
            try connection.waitForClose()
        }
        defer { server.stop() }
        let body = try await HTTPClient().stream(.init(url: server.url), idleTimeout: .seconds(30)).body
        let error = await #expect(throws: HTTPTransportError.self) { try await body.makeAsyncIterator().next() }
        #expect(error?.code == .shutDown)
    }

    @Test func `the client's thread blocks SIGPIPE`() async throws {
        let client = try HTTPClient()
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.respond()
        }
        defer { server.stop() }
        _ = try await client.send(.init(url: server.url), timeout: .seconds(10))
        let masks = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").compactMap { task -> UInt64? in
            guard let status = try? String(contentsOfFile: "/proc/self/task/\(task)/status", encoding: .utf8) else { return nil }
            let fields = status.split(separator: "\n").map { $0.split(separator: ":\t") }
            guard fields.first?.last == "http-transport" else { return nil }
            return fields.first { $0.first == "SigBlk" }?.last.flatMap { UInt64($0, radix: 16) }
        }
        #expect(!masks.isEmpty)
        #expect(masks.allSatisfy { $0 & 1 << (SIGPIPE - 1) != 0 })
        await client.shutdown()
    }

    /// In a process of its own, where nobody else opens descriptors or starts threads.
    @Test func `clients leave no descriptor and no thread behind`() async {
        await #expect(processExitsWith: .success) {
            let server = try ScriptedHTTPServer { connection in
                _ = try connection.receiveRequest()
                try connection.respond(body: "x")
                try connection.waitForClose()
            }
            func use(_ client: HTTPClient) async throws {
                let response = try await client.send(.init(url: server.url), timeout: .seconds(10))
                #expect(response.status == 200)
            }
            func entries(_ directory: String) throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: "/proc/self/\(directory)")
            }
            func transportThreads() throws -> Int {
                // One that ends between the two looks has no name any more.
                try entries("task").count { (try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8)) == "http-transport\n" }
            }

            try await use(HTTPClient())
            let before = try entries("fd").count
            for isShutDown in [true, false] {
                for _ in 0..<50 {
                    let client = try HTTPClient()
                    try await use(client)
                    if isShutDown {
                        await client.shutdown()
                    }
                }
                // The server's ends close a little later, as do threads; Dispatch may have opened a timer of its own, 50 clients cannot hide in ten.
                let deadline = ContinuousClock.now + .seconds(10)
                while try entries("fd").count > before + 10 || transportThreads() > 0, .now < deadline {
                    try await Task.sleep(for: .milliseconds(1))
                }
                #expect(try entries("fd").count <= before + 10)
                #expect(try transportThreads() == 0)
            }
        }
    }
}

import Foundation
import Glibc
import HTTPTransport
import Testing

/// `lookaside demo`, by the text it prints: what it tells users to type works.
struct DemoSystemTests {
    @Test func `what the demo says works, and nothing of it is left`() async throws {
        let output = OutputPipe()
        let process = Process()
        process.executableURL = URL(filePath: LookasideProcess.binary)
        process.arguments = ["demo", "--port", "0"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output.pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
        try await wait("the guide") { output.text.contains("Ctrl-C ends the demo.\n") }
        let guide = output.text
        let base = try #require(guide.firstMatch(of: /serves on (http:\/\/127\.0\.0\.1:\d+)\./).map { String($0.1) }, "\(guide)")
        let client = try HTTPClient(configuration: .init())
        func get(_ url: String) async throws -> (status: Int, text: String) {
            let answer = try await client.send(.init(url: url), timeout: .seconds(20))
            return (answer.status, String(decoding: answer.body, as: UTF8.self))
        }
        try await wait("a pick") { try await get("\(base)/pick/demo").status == 200 }

        let urls = guide.matches(of: /curl (?:-s )?"?(http:[^\s")]+)/).map { String($0.1) }.filter { !$0.contains("$") }
        #expect(urls.count == 6)
        for url in urls { #expect(try await get(url).status == 200, "\(url)") }

        // "As text, and call it".
        let callLine = try #require(guide.firstMatch(of: /curl http:\/\/\$\(curl -s "([^"]+)"\)/).map { String($0.1) }, "\(guide)")
        var greetings: Set<String> = []
        for _ in 0..<5 {
            let peer = try await get(callLine).text.trimmingCharacters(in: .newlines)
            greetings.insert(try await get("http://\(peer)").text)
        }
        #expect(greetings == ["hello from backend 1\n", "hello from backend 2\n", "hello from backend 3\n"])

        // "Make a backend fail", and "see it leave and come back".
        let failLine = try #require(guide.firstMatch(of: /curl -X POST (http:\/\/\S+\/fail)/).map { String($0.1) }, "\(guide)")
        let backend = failLine.replacing("/fail", with: "")
        for (path, status, event) in [("/fail", 500, #""to":"unhealthy""#), ("/recover", 200, #""from":"unhealthy""#)] {
            #expect(try await client.send(.init(.post, url: backend + path), timeout: .seconds(20)).status == 200)
            #expect(try await get(backend + "/").status == status)
            try await wait("the event") { try await get("\(base)/events").text.contains(event) }
        }

        let peersFile = try #require(guide.firstMatch(of: /come from (\/.+peers\.yaml):/).map { String($0.1) }, "\(guide)")
        try Data(#"services: { demo: { "127.0.0.1:9": {} } }"#.utf8).write(to: URL(filePath: peersFile))
        try await wait("the changed peer") { try await get("\(base)/pick/demo?format=text").text == "127.0.0.1:9\n" }

        kill(process.processIdentifier, SIGTERM)
        try await wait("the end") { !process.isRunning }
        #expect(process.terminationReason == .exit && process.terminationStatus == 0)
        #expect(!FileManager.default.fileExists(atPath: URL(filePath: peersFile).deletingLastPathComponent().path))
    }

    private func wait(_ what: String, until condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try await !condition() {
            try #require(ContinuousClock.now < deadline, "waited in vain: \(what)")
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

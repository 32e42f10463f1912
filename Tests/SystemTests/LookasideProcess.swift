import Foundation
import Glibc
import HTTPTransport
import Synchronization
import Testing

/// The real `lookaside serve` in a temporary directory of its own, on a free port of loopback. Ends with this object, or with the tests.
///
/// An object belongs to one test; its tasks may share it: what changes after the start is guarded by the process itself.
final class LookasideProcess: @unchecked Sendable {
    /// The binary that was built beside these tests.
    static let binary = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "lookaside").path

    /// What runs: a task that a test has left behind may hold an object when the tests end.
    private static let running = Mutex<Set<pid_t>>([])
    private static let endsWithTests = atexit { LookasideProcess.running.withLock { for process in $0 { kill(process, SIGKILL) } } }

    let directory: URL
    private(set) var port = 0
    private var process = Process()
    private let client: HTTPClient

    /// Starts a server over sources written in YAML and waits until it accepts connections.
    ///
    /// - Parameters:
    ///   - configuration: the configuration without `listen`; active checks are off unless it has `health_check`, since the
    ///     peers of most tests do not exist.
    ///   - files: files beside the configuration.
    init(configuration: String, files: [String: String] = [:]) async throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "lookaside-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        for (name, content) in files { try Data(content.utf8).write(to: directory.appending(path: name)) }
        let checks = configuration.contains("health_check:") ? "" : "health_check: { enabled: false }\n"
        try Data("listen: 127.0.0.1:0\n\(checks)\(configuration)\n".utf8).write(to: directory.appending(path: "lookaside.yaml"))
        client = try HTTPClient(configuration: .init())
        try await launch()
    }

    /// Ends the process as `kill -9` does and starts another one with the same files, on another port.
    func restart() async throws {
        end()
        try await launch()
    }

    private func launch() async throws {
        let log = directory.appending(path: "log").path
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        process = Process()
        process.executableURL = URL(filePath: Self.binary)
        process.arguments = ["serve", "--config", directory.appending(path: "lookaside.yaml").path]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle(forWritingAtPath: log)
        _ = Self.endsWithTests
        try process.run()
        Self.running.withLock { [identifier = process.processIdentifier] in _ = $0.insert(identifier) }
        let deadline = ContinuousClock.now + .seconds(10)
        var found: Int?
        while found == nil, process.isRunning, ContinuousClock.now < deadline {
            found = try String(contentsOfFile: log, encoding: .utf8).firstMatch(of: /port(?:=|":")(\d+)/).flatMap { Int($0.1) }
            try await Task.sleep(for: .milliseconds(5))
        }
        let logged = try String(contentsOfFile: log, encoding: .utf8)
        port = try #require(found, "\(logged)")
    }

    deinit {
        end()
        try? FileManager.default.removeItem(at: directory)
    }

    private func end() {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        Self.running.withLock { [identifier = process.processIdentifier] in _ = $0.remove(identifier) }
    }

    /// What the server has logged.
    var log: String { (try? String(contentsOf: directory.appending(path: "log"), encoding: .utf8)) ?? "" }

    /// Sends a signal.
    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Waits for the end of the process and gives its exit status.
    func exitStatus() async throws -> Int32 {
        let deadline = ContinuousClock.now + .seconds(30)
        while process.isRunning, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(5)) }
        try #require(!process.isRunning, "the process did not end")
        try #require(process.terminationReason == .exit)
        return process.terminationStatus
    }
}

// MARK: - Requests

extension LookasideProcess {
    /// An answer.
    func get(_ path: String) async throws -> HTTPClient.Response {
        try await client.send(.init(url: "http://127.0.0.1:\(port)\(path)"), timeout: .seconds(20))
    }

    /// The answer to a body of JSON.
    func post(_ path: String, _ json: String) async throws -> HTTPClient.Response {
        let headers = [(name: "Content-Type", value: "application/json")]
        let request = HTTPClient.Request(.post, url: "http://127.0.0.1:\(port)\(path)", headers: headers, body: Array(json.utf8))
        return try await client.send(request, timeout: .seconds(20))
    }

    /// An answer's JSON.
    func json<Body: Decodable>(_ path: String, as type: Body.Type = Body.self) async throws -> Body {
        try JSONDecoder().decode(Body.self, from: Data(try await get(path).body))
    }

    /// The weights of a service's peers, as published; `nil` when the service is not known.
    func weights(_ service: String) async throws -> [String: Double]? {
        let answer = try await get("/peers/\(service)")
        guard answer.status == 200 else { return nil }
        let body = try JSONDecoder().decode(PeersBody.self, from: Data(answer.body))
        return Dictionary(uniqueKeysWithValues: body.peers.map { ($0.peer, $0.weight) })
    }

    /// Waits until a service has these peers with these weights.
    func waitFor(_ service: String, _ expected: [String: Double]?, within limit: Duration = .seconds(15)) async throws {
        var last: [String: Double]?
        let deadline = ContinuousClock.now + limit
        repeat {
            last = try await weights(service)
            if last == expected { return }
            try await Task.sleep(for: .milliseconds(5))
        } while ContinuousClock.now < deadline
        #expect(last == expected)
    }

    /// What the server shows of its only source.
    func source() async throws -> StatisticsBody.Source {
        try #require(try await json("/stats", as: StatisticsBody.self).sources.first)
    }

    /// Writes a file beside the configuration, in one step.
    func write(_ name: String, _ content: String) throws {
        try Data(content.utf8).write(to: directory.appending(path: name), options: .atomic)
    }

    /// Waits until a condition holds.
    func wait(_ what: String, within limit: Duration = .seconds(15), until condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("waited in vain: \(what)")
    }
}

/// The answer of `/pick/{service}`.
struct PickBody: Decodable {
    let peer: String
    let stale: Bool?
    let panic: Bool?
}

/// The answer of `/pick/{service}?n=`.
struct LeaseBody: Decodable {
    let peers: [PickBody]
    let panic: Bool?
}

/// The answer of `/peers`.
struct ServicesBody: Decodable {
    struct Service: Decodable {
        let service: String
    }

    let services: [Service]
}

/// The answer of `/peers/{service}`.
struct PeersBody: Decodable {
    struct Peer: Decodable {
        let peer: String
        let weight: Double
        let state: String
    }

    let peers: [Peer]
}

/// The answer of `/stats`.
struct StatisticsBody: Decodable {
    struct Source: Decodable {
        let name: String
        let endpoint: String
        let state: String
        let revision: String
        let lists: Int
        let peers: Int
        let guarded: Int
        let skipped: Int
        let lastError: String

        enum CodingKeys: String, CodingKey {
            case name, endpoint, state, revision, lists, peers, guarded, skipped, lastError = "last_error"
        }
    }

    let sources: [Source]
}

import Foundation
import Glibc
import HTTPTransport
import Synchronization
import TestSupport
import Testing

/// Verdicts, by active checks of real peers and by reports, seen from outside.
struct HealthSystemTests {
    private struct Events: Decodable {
        struct Event: Decodable {
            let peer: String
            let to: String
            let reason: String
        }

        let events: [Event]
    }

    private struct Explanation: Decodable {
        struct Peer: Decodable {
            let peer: String
            let eligible: Bool
            let reason: String
        }

        let panic: Bool
        let peers: [Peer]
    }

    private static let peers = ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80", "10.0.0.4:80"]
    private static let peersFile = "services:\n  web:\n" + peers.map { "    \"\($0)\": { slow_start: 0 }\n" }.joined()

    private func start(_ settings: String) async throws -> LookasideProcess {
        let server = try await LookasideProcess(configuration: settings, files: ["peers.yaml": Self.peersFile])
        try await server.wait("four peers") { try await server.weights("web")?.count == 4 }
        return server
    }

    private func report(_ outcomes: String, to server: LookasideProcess) async throws {
        let answer = try await server.post("/report", outcomes)
        #expect(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
    }

    private func outcomes(_ result: String, count: Int, of peer: String = peers[0]) -> String {
        "[" + Array(repeating: #"{"service":"web","peer":"\#(peer)",\#(result)}"#, count: count).joined(separator: ",") + "]"
    }

    private func waitForEvent(_ to: String, of peer: String, from server: LookasideProcess) async throws {
        try await server.wait("\(peer) to be \(to)") {
            try await server.json("/events", as: Events.self).events.contains { $0.peer == peer && $0.to == to }
        }
    }

    private func picked(_ count: Int, from server: LookasideProcess) async throws -> Set<String> {
        let text = String(decoding: try await server.get("/pick/web?n=\(count)&format=text").body, as: UTF8.self)
        return Set(text.split(separator: "\n").map(String.init))
    }

    @Test func `a peer that fails its checks leaves, and comes back when it passes them`() async throws {
        let well = try (0..<3).map { _ in
            try ScriptedHTTPServer { connection in
                _ = try connection.receiveRequest()
                try connection.respond(status: 200)
            }
        }
        let flag = Flag()
        let failing = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.respond(status: flag.isSet ? 500 : 200)
        }
        defer { (well + [failing]).forEach { $0.stop() } }
        let addresses = (well + [failing]).map { $0.url.replacing("http://", with: "") }
        let file = "services:\n  web:\n" + addresses.map { "    \"\($0)\": { slow_start: 0 }\n" }.joined()
        let server = try await LookasideProcess(
            configuration: "health_check: { interval: 0.2, timeout: 1 }",
            files: ["peers.yaml": file]
        )
        try await waitForEvent("healthy", of: addresses[3], from: server)
        flag.isSet = true
        try await waitForEvent("unhealthy", of: addresses[3], from: server)
        #expect(try await !picked(40, from: server).contains(addresses[3]))
        let explained = try await server.json("/explain/web", as: Explanation.self).peers.first { $0.peer == addresses[3] }
        #expect(explained?.eligible == false && explained?.reason == "check failed: status 500")
        flag.isSet = false
        try await server.wait("the peer to come back") { try await picked(40, from: server).contains(addresses[3]) }
    }

    @Test func `five failures in a row eject at once, and the peer comes back when its time is over`() async throws {
        let server = try await start("log_check: { recover: 1 }")
        try await report(outcomes(#""error":"timeout""#, count: 4), to: server)
        #expect(try await picked(40, from: server).count == 4)
        try await report(outcomes(#""status":503"#, count: 1), to: server)
        try await waitForEvent("ejected", of: Self.peers[0], from: server)
        #expect(try await picked(40, from: server) == Set(Self.peers.dropFirst()))
        let explained = try await server.json("/explain/web", as: Explanation.self).peers.first
        #expect(explained?.reason == "ejected: 5 failures in a row")
        try await server.wait("readmission") { try await picked(40, from: server).count == 4 }
    }

    @Test(arguments: [(9, 6, false), (10, 4, false), (10, 6, true)])
    func `a share of failures ejects at the next sweep, given enough requests`(requests: Int, failures: Int, isEjected: Bool) async throws {
        let server = try await start("log_check: { interval: 0.3, consecutive_failures: 0 }")
        let good = outcomes(#""status":200"#, count: requests - failures)
        try await report(outcomes(#""status":500"#, count: failures), to: server)
        try await report(good, to: server)
        if isEjected {
            try await waitForEvent("ejected", of: Self.peers[0], from: server)
        } else {
            try await Task.sleep(for: .seconds(1))
            #expect(try await server.json("/events", as: Events.self).events.isEmpty)
        }
    }

    @Test func `no more than half is ejected, and 4xx ejects nobody`() async throws {
        let server = try await start("")
        for peer in Self.peers {
            try await report(outcomes(#""status":404"#, count: 20, of: peer), to: server)
            try await report(outcomes(#""error":"connect""#, count: 10, of: peer), to: server)
        }
        try await server.wait("two ejections and a refusal") {
            let events = try await server.json("/events", as: Events.self).events
            return events.count { $0.to == "ejected" } == 2 && events.contains { $0.reason.contains("max_ejected allows 2") }
        }
        #expect(try await picked(40, from: server).count == 2)
    }

    @Test func `SIGHUP takes over other thresholds, and an invalid file changes nothing`() async throws {
        let server = try await start("log_check: { recover: 60 }")
        let configuration = server.directory.appending(path: "lookaside.yaml")
        try Data("workers: many\n".utf8).write(to: configuration)
        server.signal(SIGHUP)
        try await server.wait("the refusal") { server.log.contains("the configuration is not valid, the old one stays") }
        try Data("listen: 127.0.0.1:1\nhealth_check: { enabled: false }\nlog_check: { consecutive_failures: 2 }\n".utf8).write(to: configuration)
        server.signal(SIGHUP)
        try await server.wait("the reload") { server.log.contains("need a restart") }
        try await report(outcomes(#""error":"reset""#, count: 2), to: server)
        try await waitForEvent("ejected", of: Self.peers[0], from: server)
    }
}

/// A flag that a test sets and its peers read.
private final class Flag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool {
        get { value.load(ordering: .acquiring) }
        set { value.store(newValue, ordering: .releasing) }
    }
}

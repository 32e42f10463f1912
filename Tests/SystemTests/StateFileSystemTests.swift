import Foundation
import Glibc
import HTTPTransport
import TestSupport
import Testing

/// What the state file is for: a server that starts while etcd is down, and what damaged files do to it.
struct StateFileSystemTests {
    private struct Statistics: Decodable {
        struct StateFile: Decodable {
            let saves: Int
            let failures: Int
            let lastError: String

            enum CodingKeys: String, CodingKey {
                case saves, failures, lastError = "last_error"
            }
        }

        let stateFile: StateFile?

        enum CodingKeys: String, CodingKey {
            case stateFile = "state_file"
        }
    }

    private static let prefix = "/v1/testing/services/"
    private static let peers: [String: Double] = ["10.0.0.1:80": 1, "10.0.0.2:80": 2, "10.0.0.3:80": 3]
    private let etcd: EtcdProcess

    init() async throws {
        etcd = try await EtcdProcess()
        for (peer, weight) in Self.peers { try etcd.put("\(Self.prefix)web/\(peer)", #"{"weight":\#(Int(weight)),"slow_start":0}"#) }
    }

    private func start(_ more: String = "", files: [String: String] = [:]) async throws -> LookasideProcess {
        let sources = "sources: [{ etcd: { endpoints: [\(etcd.url)] } }]"
        return try await LookasideProcess(configuration: "\(sources)\nstate_file: state.json\n\(more)", files: files)
    }

    private func stateFile(_ server: LookasideProcess) async throws -> Statistics.StateFile? {
        try await server.json("/stats", as: Statistics.self).stateFile
    }

    /// Waits until the state file holds all of this.
    private func waitForSave(_ server: LookasideProcess, of texts: [String] = Array(peers.keys)) async throws {
        let file = server.directory.appending(path: "state.json")
        try await server.wait("\(texts) in the state file") {
            let content = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
            return texts.allSatisfy { content.contains($0) }
        }
    }

    /// Waits until the server has saved its state, and complains of nothing.
    private func waitForRecovery(_ server: LookasideProcess) async throws {
        try await server.wait("a save without complaint") {
            let status = try await stateFile(server)
            return status?.saves ?? 0 > 0 && status?.lastError == ""
        }
    }

    @Test func `a server that starts while etcd is down picks at once from what it knew, verdicts included, marked stale`() async throws {
        let server = try await start()
        try await server.waitFor("web", Self.peers)
        try await server.report(#""error":"timeout""#, times: 5, of: "10.0.0.3:80")
        try await server.waitForEvent("ejected", of: "10.0.0.3:80")
        try await waitForSave(server, of: Self.peers.keys + [#""ejected_until""#])
        etcd.kill()

        // Whatever it answers while etcd is down is what it knew.
        try await server.restart()
        let answer = try await server.get("/pick/web")
        #expect(answer.status == 200)
        #expect(try JSONDecoder().decode(PickBody.self, from: Data(answer.body)).stale == true)
        #expect(try await server.weights("web") == Self.peers)
        #expect(try await server.picked(40) == ["10.0.0.1:80", "10.0.0.2:80"])
        #expect(try await server.explanation(of: "10.0.0.3:80").reason == "ejected: 5 failures in a row")
        let ready = try await server.get("/readyz")
        #expect(ready.status == 200 && String(decoding: ready.body, as: UTF8.self).contains(#""degraded":[{"#))
        #expect(try await server.get("/pick/nobody").status == 503, "it may come with etcd")
        try await Task.sleep(for: .seconds(1))
        #expect(try await stateFile(server) == nil, "nothing has changed")

        try await etcd.start()
        try await server.wait("current picks") { try await server.json("/pick/web", as: PickBody.self).stale == nil }
        #expect(try await server.picked(40) == ["10.0.0.1:80", "10.0.0.2:80"], "ejections outlive the first list")
        try etcd.delete("\(Self.prefix)web/10.0.0.1:80")
        try await server.waitFor("web", ["10.0.0.2:80": 2, "10.0.0.3:80": 3])
    }

    @Test func `a store that was wiped while the server was down does not empty the services at once`() async throws {
        let sources = "sources: [{ etcd: { endpoints: [\(etcd.url)], empty_guard: 3 } }]"
        let server = try await LookasideProcess(configuration: "\(sources)\nstate_file: state.json")
        try await server.waitFor("web", Self.peers)
        try await waitForSave(server)
        server.signal(SIGSTOP)
        try etcd.wipe()
        try await etcd.start()
        try etcd.put("\(Self.prefix)web/10.0.0.9:80", #"{"weight":9}"#)
        try await server.restart()
        try await server.waitFor("web", Self.peers.merging(["10.0.0.9:80": 9]) { first, _ in first })
        #expect(try await server.source().guarded == 3)
        #expect(try await server.json("/pick/web", as: PickBody.self).stale == nil)
        try await server.waitFor("web", ["10.0.0.9:80": 9])
    }

    @Test func `a peer that active checks found unhealthy is unhealthy after a restart, before anything is probed`() async throws {
        let (failing, well) = (try MoodyPeer(.failing), try MoodyPeer())
        for peer in [failing, well] { try etcd.put("\(Self.prefix)checked/\(peer.address)", #"{"slow_start":0}"#) }
        let sources = "sources: [{ etcd: { endpoints: [\(etcd.url)] } }]\nstate_file: state.json\n"
        let server = try await LookasideProcess(configuration: "\(sources)health_check: { interval: 0.2, fall: 1 }")
        try await server.waitForEvent("unhealthy", of: failing.address)
        try await server.waitForEvent("healthy", of: well.address)
        let found = try await server.explanation(of: failing.address, service: "checked")
        try await waitForSave(server, of: [failing.address, well.address, #""healthy":false"#])
        etcd.kill()
        // Nothing is probed for a long time.
        try server.write("lookaside.yaml", "listen: 127.0.0.1:0\n\(sources)health_check: { interval: 3600, fall: 1 }\n")
        try await server.restart()
        let restored = try await server.explanation(of: failing.address, service: "checked")
        #expect(restored.health == "unhealthy" && !restored.eligible && restored.reason == found.reason)
        #expect(try await server.picked(20, of: "checked") == [well.address])
    }

    @Test func `a state is saved once more at a clean stop`() async throws {
        let server = try await start()
        try await server.waitFor("web", Self.peers)
        try await waitForSave(server)
        try etcd.put("\(Self.prefix)web/10.0.0.4:80", #"{"weight":4}"#)
        try await server.wait("the change") { try await server.weights("web")?["10.0.0.4:80"] == 4 }
        server.signal(SIGTERM)
        #expect(try await server.exitStatus() == 0)
        etcd.kill()
        try await server.restart()
        #expect(try await server.weights("web")?["10.0.0.4:80"] == 4)
    }

    @Test(arguments: [
        ("truncated", "it has no end: it was cut"), ("flipped", "it is damaged: its checksum is "),
        ("foreign", "it is not a state file of Lookaside"), ("newer", "it is of version 2, and this program reads version 1"),
    ])
    func `a file that is of no use is set aside with the reason, and nothing else is lost`(damage: String, reason: String) async throws {
        let server = try await start()
        try await server.waitFor("web", Self.peers)
        try await waitForSave(server)
        server.signal(SIGSTOP)
        let path = server.directory.appending(path: "state.json")
        var content = try Data(contentsOf: path)
        switch damage {
        case "truncated": content.removeLast(20)
        case "flipped": content[content.count / 2] ^= 4
        case "foreign": content = Data("services: {}\n".utf8)
        default: content = Data(String(decoding: content, as: UTF8.self).replacing(#""lookaside_state":1"#, with: #""lookaside_state":2"#).utf8)
        }
        try content.write(to: path)
        try await server.restart()
        try await server.waitFor("web", Self.peers)
        #expect(server.log.contains("the state file cannot be used, starting without") && server.log.contains(reason))
        #expect(try Data(contentsOf: server.directory.appending(path: "state.json.damaged")) == content)
        #expect(try await stateFile(server)?.failures == 1)
        try await waitForRecovery(server)
        try await server.restart()
        #expect(server.log.contains("serving the state file until the sources deliver"))
    }

    @Test func `a file that cannot be written is said once, and written as soon as it can be`() async throws {
        let sources = "sources: [{ etcd: { endpoints: [\(etcd.url)] } }]"
        let server = try await LookasideProcess(configuration: "\(sources)\nstate_file: later/state.json")
        try await server.waitFor("web", Self.peers)
        try await server.wait("two failures") { try await stateFile(server)?.failures ?? 0 >= 2 }
        #expect(try await stateFile(server)?.lastError.contains("No such file or directory") == true)
        #expect(server.log.matches(of: /the state file cannot be saved/).count == 1)
        #expect(try await server.get("/pick/web").status == 200)
        try FileManager.default.createDirectory(at: server.directory.appending(path: "later"), withIntermediateDirectories: false)
        try await waitForRecovery(server)
    }

    @Test func `peers of another prefix are not served`() async throws {
        let server = try await start()
        try await server.waitFor("web", Self.peers)
        try await waitForSave(server)
        etcd.kill()
        let sources = "sources: [{ etcd: { endpoints: [\(etcd.url)], prefix: /elsewhere } }]"
        try server.write("lookaside.yaml", "listen: 127.0.0.1:0\nhealth_check: { enabled: false }\n\(sources)\nstate_file: state.json\n")
        try await server.restart()
        #expect(try await server.get("/pick/web").status == 503)
        #expect(try await server.get("/readyz").status == 503)
        #expect(server.log.contains("the state file holds peers of another place, which are not used"))
        #expect(FileManager.default.fileExists(atPath: server.directory.appending(path: "state.json.unused").path))
    }
}

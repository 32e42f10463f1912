import Foundation
import HTTPTransport
import TestSupport
import Testing

/// The real server over the keys API of a real cluster of three members, two of which it knows.
struct EtcdKeysFailoverTests {
    private static let prefix = "/v1/testing/services/"
    private let members: [EtcdProcess]

    init() async throws {
        members = try await EtcdProcess.cluster(of: 3, arguments: EtcdProcess.keysArguments)
    }

    private func start() async throws -> LookasideProcess {
        let endpoints = members[...1].map(\.url).joined(separator: ", ")
        return try await LookasideProcess(configuration: "sources:\n  - etcd: { endpoints: [\(endpoints)], api: v2 }")
    }

    /// Sets a key when the cluster takes it: a change that was on its way to a leader that died is lost, and answered after 7 s.
    private func set(_ key: String, weight: Int, _ server: LookasideProcess) async throws {
        try await server.wait("the cluster takes \(key)", within: .seconds(30)) {
            let parameters: KeyValuePairs = ["value": #"{"weight":\#(weight)}"#]
            return (try? members[2].keys("PUT", Self.prefix + key, parameters, timeout: .seconds(1))) != nil
        }
    }

    /// The two known members, the one that the server uses first.
    private func known(to server: LookasideProcess) async throws -> (used: EtcdProcess, other: EtcdProcess) {
        let endpoint = try await server.source().endpoint
        return members[0].url == "http://\(endpoint)" ? (members[0], members[1]) : (members[1], members[0])
    }

    @Test func `when the member in use is killed, and then the other one, nothing is lost and picks go on`() async throws {
        let server = try await start()
        try await set("web/10.0.0.1:80", weight: 1, server)
        try await server.waitFor("web", ["10.0.0.1:80": 1])
        let client = PickingClient(server, service: "web")
        let (used, other) = try await known(to: server)
        used.kill()
        try await set("web/10.0.0.2:80", weight: 2, server)
        try await server.waitFor("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2], within: .seconds(30))
        #expect(try await "http://\(server.source().endpoint)" == other.url)

        try await used.start()
        other.kill()
        try await set("web/10.0.0.3:80", weight: 3, server)
        try await server.waitFor("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2, "10.0.0.3:80": 3], within: .seconds(30))
        #expect(try await client.stop() == [200])
        #expect(!server.log.contains("history was broken"))
    }

    @Test(.enabled(if: runsSlowTests), arguments: [true, false])
    func `a member in use that freezes, or is alone, is left within 45 seconds`(freezes: Bool) async throws {
        let server = try await start()
        try await set("web/10.0.0.1:80", weight: 1, server)
        try await server.waitFor("web", ["10.0.0.1:80": 1])
        let client = PickingClient(server, service: "web")
        let (used, other) = try await known(to: server)
        if freezes {
            used.freeze()
        } else {
            members[2].kill()
            other.kill()
        }
        let reason = freezes ? "no headers within" : "etcdserver: request timed out"
        try await server.wait("the member is left", within: .seconds(45)) { try await server.source().lastError.contains(reason) }
        if freezes {
            used.thaw()
        } else {
            try other.launch()
            try await members[2].start()
        }
        try await set("web/10.0.0.2:80", weight: 2, server)
        try await server.waitFor("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2], within: .seconds(30))
        #expect(try await client.stop() == [200])
    }
}

import Foundation
import Glibc
import HTTPTransport
import TestSupport
import Testing

/// The real server over a real etcd, and what operators do to etcd.
struct EtcdSystemTests {
    private static let prefix = "/v1/testing/services/"
    private let etcd: EtcdProcess

    init() async throws {
        etcd = try await EtcdProcess()
    }

    private func start() async throws -> LookasideProcess {
        try await LookasideProcess(configuration: "sources:\n  - etcd: { endpoints: [\(etcd.url)] }")
    }

    private func put(_ key: String, weight: Double) throws {
        try etcd.put(Self.prefix + key, #"{"weight":\#(weight)}"#)
    }

    @Test func `a key set, changed and deleted is followed by picks`() async throws {
        try put("web/10.0.0.1:80", weight: 1)
        let server = try await start()
        try await server.waitFor("web", ["10.0.0.1:80": 1])
        #expect(try await server.json("/pick/web", as: PickBody.self).peer == "10.0.0.1:80")
        try put("web/10.0.0.2:80", weight: 2)
        try await server.waitFor("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2])
        try put("web/10.0.0.2:80", weight: 3)
        try await server.waitFor("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 3])
        try etcd.delete(Self.prefix + "web/10.0.0.1:80")
        try await server.waitFor("web", ["10.0.0.2:80": 3])
        try put("other/10.0.0.9:80", weight: 1)
        try await server.waitFor("other", ["10.0.0.9:80": 1])
    }

    @Test func `what is set, changed and deleted is picked in just these shares`() async throws {
        let server = try await start()
        try await server.wait("ready") { try await server.get("/readyz").status == 200 }
        /// Waits until twenty picks, whole cycles of the weights used here, fall on the peers so.
        func waitForPicks(_ expected: [String: Int]) async throws {
            try await server.wait("picks \(expected)") {
                let answer = try await server.get("/pick/web?n=20")
                let picked = answer.status == 200 ? try JSONDecoder().decode(LeaseBody.self, from: Data(answer.body)).peers : []
                return picked.reduce(into: [:]) { $0[$1.peer, default: 0] += 1 } == expected
            }
        }
        try put("web/10.0.0.1:80", weight: 1)
        try await waitForPicks(["10.0.0.1:80": 20])
        try put("web/10.0.0.2:80", weight: 1)
        try await waitForPicks(["10.0.0.1:80": 10, "10.0.0.2:80": 10])
        try put("web/10.0.0.2:80", weight: 3)
        try await waitForPicks(["10.0.0.1:80": 5, "10.0.0.2:80": 15])
        try etcd.put(Self.prefix + "web/10.0.0.2:80", #"{"status":"down"}"#)
        try await waitForPicks(["10.0.0.1:80": 20])
        try put("web/10.0.0.2:80", weight: 1)
        try etcd.delete(Self.prefix + "web/10.0.0.1:80")
        try await waitForPicks(["10.0.0.2:80": 20])
        try etcd.delete(Self.prefix + "web/10.0.0.2:80")
        try await waitForPicks([:])
        #expect(try await server.get("/pick/web").status == 503)
    }

    @Test func `a key whose lease ends, and a whole prefix that is deleted, leave picks`() async throws {
        let server = try await start()
        try etcd.put(Self.prefix + "web/10.0.0.1:80", "{}", lease: try etcd.grantLease(seconds: 600))
        try put("web/10.0.0.2:80", weight: 1)
        try await server.waitFor("web", ["10.0.0.1:80": 100, "10.0.0.2:80": 1])
        try etcd.put(Self.prefix + "web/10.0.0.1:80", "{}", lease: try etcd.grantLease(seconds: 1))
        try await server.waitFor("web", ["10.0.0.2:80": 1])
        for peer in 1...20 { try put("many/10.0.1.\(peer):80", weight: 1) }
        try await server.wait("20 peers") { try await server.weights("many")?.count == 20 }
        try etcd.deleteAll(under: Self.prefix)
        try await server.waitFor("many", [:])
        try await server.waitFor("web", [:])
        #expect(try await server.get("/pick/web").status == 503)
        #expect(try await server.get("/pick/never").status == 404)
    }

    @Test func `values follow the seed's rules`() async throws {
        try etcd.put(Self.prefix + "web/10.0.0.1:80", "not json")
        try etcd.put(Self.prefix + "web/10.0.0.2:80", #"{"weight":5,"status":"down"}"#)
        try etcd.put(Self.prefix + "web/10.0.0.3:80", #"{"weight":"5"}"#)
        try etcd.put(Self.prefix + "web/name:80", "{}")
        let server = try await start()
        try await server.waitFor("web", ["10.0.0.1:80": 100, "10.0.0.2:80": 5])
        for _ in 0..<20 { #expect(try await server.json("/pick/web", as: PickBody.self).peer == "10.0.0.1:80") }
        let status = try #require(try await server.json("/stats", as: StatisticsBody.self).sources.first)
        #expect(status.skipped == 2)
    }

    @Test func `when etcd is killed and comes back picks go on, and then the peers are etcd's again`() async throws {
        try put("web/10.0.0.1:80", weight: 1)
        let server = try await start()
        try await server.waitFor("web", ["10.0.0.1:80": 1])
        let client = PickingClient(server, service: "web")
        etcd.kill()
        try await server.wait("a source that is down is named") {
            let answer = try await server.get("/readyz")
            return answer.status == 200 && String(decoding: answer.body, as: UTF8.self).contains(#""degraded""#)
        }
        try await etcd.start()
        try put("web/10.0.0.2:80", weight: 2)
        try await server.waitFor("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2])
        #expect(try await client.stop() == [200])
        // The watch went on where it was: nothing was listed again.
        #expect(try await server.json("/stats", as: StatisticsBody.self).sources.first?.lists == 1)
    }

    @Test func `a history that was compacted while the server was away is listed again, without an empty moment`() async throws {
        for peer in 1...5 { try put("web/10.0.0.\(peer):80", weight: 1) }
        let server = try await start()
        try await server.wait("five peers") { try await server.weights("web")?.count == 5 }
        server.signal(SIGSTOP)
        etcd.kill()
        try await etcd.start()
        for peer in 1...2 { try etcd.delete(Self.prefix + "web/10.0.0.\(peer):80") }
        for weight in 1...50 { try put("web/10.0.0.6:80", weight: Double(weight)) }
        try etcd.compact()
        server.signal(SIGCONT)
        let client = PickingClient(server, service: "web")
        try await server.waitFor("web", ["10.0.0.3:80": 1, "10.0.0.4:80": 1, "10.0.0.5:80": 1, "10.0.0.6:80": 50])
        #expect(try await client.stop() == [200])
        #expect(try await server.json("/stats", as: StatisticsBody.self).sources.first?.lists == 2)
    }

    @Test func `until etcd answers an unknown service is not synced, and the server is not ready`() async throws {
        etcd.kill()
        let server = try await start()
        #expect(try await server.get("/pick/web").status == 503)
        #expect(try await server.get("/healthz").status == 200)
        let answer = try await server.get("/readyz")
        #expect(answer.status == 503)
        #expect(String(decoding: answer.body, as: UTF8.self).contains(#""unsynced":["etcd"]"#))
        try await etcd.start()
        try await server.wait("ready") { try await server.get("/readyz").status == 200 }
        #expect(try await server.get("/pick/web").status == 404)
    }
}

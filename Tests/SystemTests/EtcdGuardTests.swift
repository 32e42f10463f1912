import Foundation
import Glibc
import HTTPTransport
import TestSupport
import Testing

/// Lists of a real etcd that are not to be believed, and sources that stand in for each other.
struct EtcdGuardTests {
    private struct Explanation: Decodable {
        struct Peer: Decodable {
            struct Shadow: Decodable {
                let source: String
                let weight: Double
            }

            let peer: String
            let source: String
            let guarded: Bool?
            let shadows: [Shadow]
        }

        let peers: [Peer]
        let shadowedSources: [String]

        enum CodingKeys: String, CodingKey {
            case peers, shadowedSources = "shadowed_sources"
        }
    }

    private static let prefix = "/v1/testing/services/"
    private let etcd: EtcdProcess

    init() async throws {
        etcd = try await EtcdProcess()
    }

    private func put(_ key: String, weight: Int) throws {
        try etcd.put(Self.prefix + key, #"{"weight":\#(weight)}"#)
    }

    private func explain(_ server: LookasideProcess) async throws -> Explanation {
        try await server.json("/explain/web", as: Explanation.self)
    }

    @Test func `peers of a store that was wiped stay for empty_guard, but for those that events speak of, and then go`() async throws {
        for peer in 1...4 { try put("web/10.0.0.\(peer):80", weight: 1) }
        let server = try await LookasideProcess(configuration: "sources: [{ etcd: { endpoints: [\(etcd.url)], empty_guard: 6 } }]")
        try await server.waitFor("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 1, "10.0.0.3:80": 1, "10.0.0.4:80": 1])
        let client = PickingClient(server, service: "web")
        /// When nothing was kept yet.
        var before = ContinuousClock.now
        try etcd.wipe()
        try await etcd.start()
        try await server.wait("four kept peers") {
            let asked = ContinuousClock.now
            let guarded = try await server.source().guarded
            if guarded == 0 { before = asked }
            return guarded == 4
        }
        #expect(server.log.contains("a list after a broken history lacks peers: they stay for empty_guard"))
        try await server.wait("what is explained of them") { try await explain(server).peers.map(\.guarded) == [true, true, true, true] }
        try put("web/10.0.0.1:80", weight: 5)
        try put("web/10.0.0.9:80", weight: 9)
        try put("web/10.0.0.2:80", weight: 1)
        try etcd.delete(Self.prefix + "web/10.0.0.2:80")
        try await server.waitFor("web", ["10.0.0.1:80": 5, "10.0.0.3:80": 1, "10.0.0.4:80": 1, "10.0.0.9:80": 9])
        try await server.waitFor("web", ["10.0.0.1:80": 5, "10.0.0.9:80": 9])
        #expect(before.duration(to: .now) >= .seconds(6))
        #expect(try await server.source().guarded == 0)
        #expect(try await client.stop() == [200])
    }

    @Test func `a list that lacks more than half of the peers is not believed at once though the history is whole`() async throws {
        for peer in 1...4 { try put("web/10.0.0.\(peer):80", weight: 1) }
        try put("other/10.0.0.1:80", weight: 1)
        let proxy = try FaultProxy(to: etcd.port)
        let server = try await LookasideProcess(configuration: "sources: [{ etcd: { endpoints: [\(proxy.url)], empty_guard: 3 } }]")
        try await server.wait("four peers") { try await server.weights("web")?.count == 4 }
        proxy.set(.refuse)
        try etcd.deleteAll(under: Self.prefix + "web/")
        try etcd.compact()
        proxy.set(.forward)
        try await server.wait("four kept peers") { try await server.source().guarded == 4 }
        #expect(server.log.contains("a list lacks more than half of the peers: the missing ones stay for empty_guard"))
        #expect(try await server.get("/pick/web").status == 200)
        try await server.waitFor("web", [:])
        #expect(try await server.get("/pick/web").status == 503)
        #expect(try await server.weights("other") == ["10.0.0.1:80": 1])
    }

    @Test func `combined by the first source, a file stands in for a service that etcd has no peer of`() async throws {
        try put("web/10.0.0.1:80", weight: 7)
        let file = "services:\n  web: { \"10.0.0.1:80\": { weight: 1 }, \"10.0.0.2:80\": { weight: 2 } }\n  only: { \"10.0.0.3:80\": {} }\n"
        let sources = "sources: [{ etcd: { endpoints: [\(etcd.url)] } }, { file: {} }]\n"
        let server = try await LookasideProcess(configuration: sources + "combine: first", files: ["peers.yaml": file])
        try await server.waitFor("only", ["10.0.0.3:80": 100])
        try await server.waitFor("web", ["10.0.0.1:80": 7])
        try await server.wait("the file to be shadowed") { try await explain(server).shadowedSources == ["file"] }
        let explained = try await explain(server)
        #expect(explained.peers.map(\.source) == ["etcd"])
        #expect(explained.peers.first?.shadows.map(\.source) == ["file"] && explained.peers.first?.shadows.map(\.weight) == [1])
        try etcd.delete(Self.prefix + "web/10.0.0.1:80")
        try await server.waitFor("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2])
        try put("web/10.0.0.9:80", weight: 9)
        try await server.waitFor("web", ["10.0.0.9:80": 9])
        try server.write("lookaside.yaml", "listen: 127.0.0.1:0\nhealth_check: { enabled: false }\n\(sources)combine: merge\n")
        server.signal(SIGHUP)
        try await server.waitFor("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2, "10.0.0.9:80": 9])
    }
}

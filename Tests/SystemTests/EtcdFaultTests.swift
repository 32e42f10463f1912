import Foundation
import HTTPTransport
import TestSupport
import Testing

/// The real server over a real etcd behind a network that fails, and a store that is lost.
struct EtcdFaultTests {
    private static let prefix = "/v1/testing/services/"
    private let etcd: EtcdProcess
    private let proxy: FaultProxy

    init() async throws {
        etcd = try await EtcdProcess()
        proxy = try FaultProxy(to: etcd.port)
    }

    private func start(_ more: String = "") async throws -> LookasideProcess {
        try await LookasideProcess(configuration: "sources:\n  - etcd: { endpoints: [\(proxy.url)] }\n\(more)")
    }

    private func put(_ key: String, weight: Int) throws {
        try etcd.put(Self.prefix + key, #"{"weight":\#(weight)}"#)
    }

    @Test func `connections that are cut and answers that are late lose nothing and need no list`() async throws {
        try put("web/10.0.0.1:80", weight: 1)
        let server = try await start()
        try await server.waitFor("web", ["10.0.0.1:80": 1])
        let client = PickingClient(server, service: "web")
        for weight in 2...12 {
            if weight % 3 == 0 { proxy.set(.delay(milliseconds: 150)) }
            if weight % 3 == 1 { proxy.set(.forward) }
            try put("web/10.0.0.1:80", weight: weight)
            proxy.cut()
            try put("web/10.0.0.2:80", weight: weight)
        }
        try await server.waitFor("web", ["10.0.0.1:80": 12, "10.0.0.2:80": 12])
        #expect(try await client.stop() == [200])
        #expect(try await server.source().lists == 1)
    }

    /// Waits for what an operator sees of a source that is away, and of picks that are older than they should be.
    private func expectStale(_ server: LookasideProcess) async throws {
        try await server.wait("picks say that they are stale", within: .seconds(90)) {
            try await server.json("/pick/web", as: PickBody.self).stale == true
        }
        let answer = try await server.get("/readyz")
        #expect(answer.status == 200)
        let body = String(decoding: answer.body, as: UTF8.self)
        #expect(body.contains(#""degraded":["#) && body.contains(#""source":"etcd""#))
        #expect(try await server.source().state != "watching")
    }

    /// Kills etcd and starts it again after so long.
    private func survive(_ outage: Duration) async throws {
        try put("web/10.0.0.1:80", weight: 1)
        let server = try await start("stale_after: 1")
        try await server.waitFor("web", ["10.0.0.1:80": 1])
        let client = PickingClient(server, service: "web")
        let began = ContinuousClock.now
        etcd.kill()
        try await expectStale(server)
        try await Task.sleep(for: outage - began.duration(to: .now))
        try await expectStale(server)
        try await etcd.start()
        try put("web/10.0.0.2:80", weight: 2)
        try await server.waitFor("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2])
        try await server.wait("picks are current again") { try await server.json("/pick/web", as: PickBody.self).stale == nil }
        #expect(try await client.stop() == [200])
        #expect(try await server.source().lists == 1)
    }

    @Test func `while etcd is away for seconds picks go on and say that they are stale, and the source is named`() async throws {
        try await survive(.seconds(4))
    }

    @Test(.enabled(if: runsSlowTests)) func `while etcd is away for a minute the same holds`() async throws {
        try await survive(.seconds(60))
    }

    @Test(.enabled(if: runsSlowTests), arguments: [true, false])
    func `an etcd that freezes, and a network that swallows everything, are noticed and survived for a minute`(isEtcd: Bool) async throws {
        try put("web/10.0.0.1:80", weight: 1)
        let server = try await start("stale_after: 5")
        try await server.waitFor("web", ["10.0.0.1:80": 1])
        let client = PickingClient(server, service: "web")
        if isEtcd { etcd.freeze() } else { proxy.set(.stall) }
        let began = ContinuousClock.now
        try await expectStale(server)
        #expect(began.duration(to: .now) < .seconds(90))
        try await Task.sleep(for: .seconds(60) - began.duration(to: .now))
        if isEtcd { etcd.thaw() } else { proxy.set(.forward) }
        try put("web/10.0.0.2:80", weight: 2)
        try await server.waitFor("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2], within: .seconds(30))
        #expect(try await client.stop() == [200])
        #expect(try await server.source().lists == 1)
    }

    @Test(arguments: [0, 40])
    func `a store that was wiped, and written past its old revision before the connection is back, is listed again`(writes: Int) async throws {
        for _ in 1...3 { for peer in 1...9 { try put("web/10.0.0.\(peer):80", weight: peer) } }
        let server = try await start()
        try await server.wait("nine peers") { try await server.weights("web")?.count == 9 }
        let client = PickingClient(server, service: "web")
        proxy.set(.refuse)
        try etcd.wipe()
        try await etcd.start()
        // More than half stay, so that this is about the history alone.
        for peer in 1...8 { try put("web/10.0.0.\(peer):80", weight: peer) }
        for weight in 0..<writes { try put("web/10.0.0.1:80", weight: weight + 1) }
        try put("web/10.0.1.1:80", weight: 7)
        proxy.set(.forward)
        try await server.wait("the new peer", within: .seconds(30)) { try await server.weights("web")?["10.0.1.1:80"] == 7 }
        #expect(try await client.stop() == [200])
        #expect(try await server.source().lists == 2)
        #expect(server.log.contains("etcd's history was broken, listing again"))
    }
}

import Discovery
import DiscoveryTestSupport
import EtcdSource
import Foundation
import Synchronization
import TestSupport
import Testing

/// A source of several endpoints, some of which are no good.
struct EndpointsTests {
    private func key(_ peer: String) -> String { ServedEtcd.prefix + peer }

    /// An endpoint that answers everything alike.
    private func endpoint(status: Int, _ body: String) throws -> ScriptedHTTPServer {
        try ScriptedHTTPServer { connection in
            while true {
                _ = try connection.receiveRequest()
                try connection.respond(status: status, body: body)
            }
        }
    }

    @Test func `endpoints that refuse or have no leader are passed over within one session`() async throws {
        let etcd = try await EtcdProcess()
        try etcd.put(key("web/10.0.0.1:80"), #"{"weight":1}"#)
        let leaderless = try endpoint(status: 503, #"{"error":"etcdserver: no leader","message":"etcdserver: no leader","code":14}"#)
        defer { leaderless.stop() }
        let nobody = "http://127.0.0.1:\(try ScriptedHTTPServer.unusedPort())"
        // Whatever order each of them draws.
        for _ in 1...6 {
            let served = try ServedEtcd(.init(endpoints: [nobody, etcd.url, leaderless.url]))
            #expect(try await served.running { try await served.eventually { served.monitor.status.phase == .watching } })
            #expect(served.peers == ["web/10.0.0.1:80": 1])
            let status = served.monitor.status
            #expect(status.failures <= 2 && status.lastError.isEmpty && status.lists == 1 && status.endpoint == "127.0.0.1:\(etcd.port)")
        }
    }

    @Test func `when no endpoint works each is named with its reason`() async throws {
        let ports = (try ScriptedHTTPServer.unusedPort(), try ScriptedHTTPServer.unusedPort())
        let served = try ServedEtcd(.init(endpoints: ["http://127.0.0.1:\(ports.0)", "http://127.0.0.1:\(ports.1)"]))
        let failure = await served.failure()
        #expect(failure.hasPrefix("none of 2 endpoints works: POST /v3/kv/range at 127.0.0.1:"))
        #expect(failure.contains(":\(ports.0): ") && failure.contains(":\(ports.1): "))
    }

    @Test func `an endpoint that lags behind what is known is left, and nothing is reverted`() async throws {
        let etcd = try await EtcdProcess()
        for weight in 1...9 { try etcd.put(key("web/10.0.0.1:80"), #"{"weight":\#(weight)}"#) }
        let header = try #require(try etcd.post("/v3/kv/range", ["key": "YQ=="])["header"] as? [String: Any])
        let cluster = try #require(header["cluster_id"] as? String)
        // Of the same cluster, at an earlier revision, and without the peer.
        let hasKnown = Atomic(false)
        let asked = Atomic(0)
        let lagging = try ScriptedHTTPServer { connection in
            while true {
                _ = try connection.receiveRequest()
                asked.add(1, ordering: .relaxed)
                if hasKnown.load(ordering: .acquiring) {
                    try connection.respond(body: #"{"header":{"cluster_id":"\#(cluster)","revision":"3","raft_term":"9"}}"#)
                } else {
                    try connection.respond(status: 503, body: "{}")
                }
            }
        }
        defer { lagging.stop() }
        let proxy = try FaultProxy(to: etcd.port)
        let served = try ServedEtcd(.init(endpoints: [proxy.url, lagging.url]))
        try await served.running {
            #expect(try await served.eventually { served.monitor.status.phase == .watching })
            hasKnown.store(true, ordering: .releasing)
            for round in 1...4 {
                let before = asked.load(ordering: .relaxed)
                // Long enough alive for a cut to send the source to the other endpoint first.
                try await Task.sleep(for: .milliseconds(1100))
                proxy.cut()
                #expect(try await served.eventually { asked.load(ordering: .relaxed) > before })
                try etcd.put(key("web/10.0.0.2:80"), #"{"weight":\#(round)}"#)
                #expect(try await served.eventually { served.peers == ["web/10.0.0.1:80": 9, "web/10.0.0.2:80": Double(round)] })
            }
        }
        #expect(served.monitor.status.lists == 1)
    }

    @Test func `a member that shows another history while the others are down is not believed at once`() async throws {
        let etcd = try await EtcdProcess()
        for weight in 1...9 { try etcd.put(key("web/10.0.0.1:80"), #"{"weight":\#(weight)}"#) }
        let proxy = try FaultProxy(to: etcd.port)
        let hasWatched = Atomic(false)
        // Of the same cluster by its flags, at an earlier revision, and empty.
        let header = try #require(try etcd.post("/v3/kv/range", ["key": "YQ=="])["header"] as? [String: Any])
        let cluster = try #require(header["cluster_id"] as? String)
        let wiped = try ScriptedHTTPServer { connection in
            while true {
                _ = try connection.receiveRequest()
                let isReady = hasWatched.load(ordering: .acquiring)
                try connection.respond(
                    status: isReady ? 200 : 503,
                    body: #"{"header":{"cluster_id":"\#(cluster)","revision":"3","raft_term":"9"}}"#
                )
            }
        }
        defer { wiped.stop() }
        let served = try ServedEtcd(.init(endpoints: [proxy.url, wiped.url]))
        #expect(try await served.running { try await served.eventually { served.monitor.status.phase == .watching } })
        hasWatched.store(true, ordering: .releasing)
        proxy.set(.refuse)
        for _ in 1...3 { #expect(await served.failure().hasPrefix("none of 2 endpoints works: ")) }
        #expect(served.peers == ["web/10.0.0.1:80": 9])
        // The fourth session in a row has seen enough; it ends in good order, and the next one lists.
        #expect(await served.failure() == "no failure")
        #expect(served.monitor.status.lists == 1)
    }

    @Test func `a silent watch with nothing to prove the history by is begun again with a list, and counts as watching meanwhile`() async throws {
        let etcd = try await EtcdProcess()
        let served = try ServedEtcd(.init(endpoints: [etcd.url], idleTimeout: .milliseconds(50)))
        try await served.running {
            #expect(try await served.eventually { served.monitor.status.phase == .watching })
            let deadline = ContinuousClock.now + .seconds(20)
            while served.monitor.status.lists < 5, ContinuousClock.now < deadline {
                #expect(served.monitor.status.phase == .watching)
                try await Task.sleep(for: .microseconds(200))
            }
            #expect(served.monitor.status.lists >= 5)
        }
    }

    @Test func `values too large for one answer are listed in smaller pages`() async throws {
        let etcd = try await EtcdProcess()
        let value = #"{"weight":1,"metadata":{"note":"\#(String(repeating: "x", count: 1000))"}}"#
        for peer in 1...70 { try etcd.put(key("web/10.0.0.\(peer):80"), value) }
        let served = try ServedEtcd(.init(endpoints: [etcd.url], answerLimit: 20_000))
        #expect(try await served.running { try await served.eventually { served.monitor.status.phase == .watching } })
        // What a watch brings at once when it catches up is bounded as well.
        for peer in 1...70 { try etcd.put(key("web/10.0.0.\(peer):80"), value.replacing("1,", with: "2,")) }
        #expect(try await served.running { try await served.eventually { Set(served.peers.values) == [2] && served.peers.count == 70 } })
        let status = served.monitor.status
        #expect(status.lists == 2 && status.failures == 0)
    }
}

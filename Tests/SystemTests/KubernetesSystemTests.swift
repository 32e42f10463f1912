import Foundation
import HTTPTransport
import TestSupport
import Testing

/// The real server over a small API server, and what a cluster does to the pods of a service.
struct KubernetesSystemTests {
    private typealias Endpoint = FakeAPIServer.Endpoint

    private let cluster: FakeAPIServer

    init() throws {
        cluster = try FakeAPIServer()
    }

    private func kubernetes(_ settings: String = "") -> String {
        "sources:\n  - kubernetes: { server: \"\(cluster.url)\", namespace: lab\(settings) }\n"
    }

    /// What `/peers` says of a service: each peer and its state.
    private func states(_ server: LookasideProcess, _ service: String = "web") async throws -> [String: String] {
        let answer = try await server.get("/peers/\(service)")
        guard answer.status == 200 else { return [:] }
        let body = try JSONDecoder().decode(PeersBody.self, from: Data(answer.body))
        return Dictionary(uniqueKeysWithValues: body.peers.map { ($0.peer, $0.state) })
    }

    // MARK: - Pods

    @Test func `in a rolling update no pick goes to a pod that is going while another is ready, and none to one that is gone`() async throws {
        /// The pods of one moment; their state is what `/peers` must say.
        func pods(_ states: KeyValuePairs<Int, String>) -> [Endpoint] {
            states.map { number, state in
                Endpoint(
                    "10.0.0.\(number)",
                    ready: state == "up",
                    serving: state != "down",
                    terminating: state == "draining" || state == "gone",
                    uid: "pod-\(number)",
                    node: "node-\(number)",
                    zone: "z1"
                )
            }
        }
        cluster.write(.slice("web-1", of: "web", pods([1: "up", 2: "up"])))
        let server = try await LookasideProcess(configuration: kubernetes(", slow_start: 0"))
        try await server.wait("two pods") { try await states(server).count == 2 }
        let client = PickingClient(server, service: "web")
        /// The pods that may be picked, and since when that was seen.
        var allowed: [(peers: Set<String>, since: ContinuousClock.Instant)] = []
        let steps: [KeyValuePairs<Int, String>] = [
            [1: "up", 2: "up", 3: "down"], [1: "up", 2: "up", 3: "up"], [1: "draining", 2: "up", 3: "up"], [2: "up", 3: "up"],
            [2: "up", 3: "up", 4: "down"], [2: "up", 3: "up", 4: "up"], [2: "draining", 3: "up", 4: "up"], [3: "up", 4: "up"],
            // The last ready one goes before another has come: those that are going serve on.
            [3: "draining", 4: "draining", 5: "down"], [4: "draining", 5: "up"], [5: "up"],
        ]
        for step in steps {
            cluster.write(.slice("web-1", of: "web", pods(step)))
            let expected = Dictionary(uniqueKeysWithValues: step.map { ("10.0.0.\($0):80", $1) })
            try await server.wait("\(expected)") { try await states(server) == expected }
            let picked = expected.values.contains("up") ? "up" : "draining"
            allowed.append((Set(expected.filter { $0.value == picked }.keys), .now))
            #expect(try await server.picked(40) == allowed.last?.peers)
        }
        let picks = try await client.stopped()
        #expect(Set(picks.map(\.status)) == [200] && picks.allSatisfy { !$0.isPanic })
        for pick in picks {
            guard let first = allowed.lastIndex(where: { $0.since <= pick.sent }) else { continue }
            // Every step that may have been taken by the time of the answer, though it had not been seen by then.
            let last = allowed.firstIndex { $0.since > pick.answered } ?? allowed.endIndex - 1
            #expect(allowed[first...last].contains { $0.peers.contains(pick.peer) })
        }
        #expect(Set(picks.map(\.peer)).count >= 5)
        #expect(try await server.source().lists == 1)
    }

    @Test func `another pod at the same address inherits no verdict and no statistics`() async throws {
        func write(uid: String) { cluster.write(.slice("web-1", of: "web", [Endpoint("10.0.0.1", uid: uid), Endpoint("10.0.0.2", uid: "b")])) }
        write(uid: "a")
        let server = try await LookasideProcess(configuration: kubernetes() + "log_check: { consecutive_failures: 3, max_ejected: 0.9 }")
        try await server.wait("two pods") { try await states(server).count == 2 }
        try await server.report(#""error":"connect""#, times: 5, of: "10.0.0.1:80")
        try await server.waitForEvent("ejected", of: "10.0.0.1:80")
        #expect(try await server.picked(20) == ["10.0.0.2:80"])
        write(uid: "c")
        try await server.wait("the new pod to be picked") { try await server.picked(20) == ["10.0.0.1:80", "10.0.0.2:80"] }
        let evidence = try await server.explanation(of: "10.0.0.1:80")
        #expect(evidence.health != "ejected" && evidence.evidence.failures == 0)
    }

    @Test func `zone, node, weight and slow start come with the pods and their service`() async throws {
        cluster.write(
            .slice(
                "web-1",
                of: "web",
                labels: ["lookaside.dev/weight": "7"],
                [Endpoint("10.0.0.1", node: "node-1", zone: "z1"), Endpoint("10.0.0.2", ready: false)]
            )
        )
        cluster.write(.slice("odd-1", of: "odd", type: "FQDN", [Endpoint("a.example")]))
        let server = try await LookasideProcess(configuration: kubernetes())
        try await server.wait("ready") { try await server.get("/readyz").status == 200 }
        #expect(try await server.weights("web") == ["10.0.0.1:80": 7, "10.0.0.2:80": 7])
        let answer = String(decoding: try await server.get("/peers/web").body, as: UTF8.self)
        #expect(answer.contains(#""zone":"z1""#) && answer.contains(#""metadata":{"node":"node-1"}"#))
        // There, without peers, and explained.
        let odd = try await server.get("/pick/odd")
        #expect(odd.status == 503 && String(decoding: odd.body, as: UTF8.self).contains("no_peer"))
        let explanation = String(decoding: try await server.get("/explain/odd").body, as: UTF8.self)
        #expect(explanation.contains("1 endpoints of address type FQDN are refused: names are not resolved"))
        #expect(try await server.source().skipped == 1)
        #expect(try await server.get("/pick/unknown").status == 404)
    }

    @Test func `a cluster that is away leaves the last pods in picks, and a restart serves them from the state file`() async throws {
        cluster.write(.slice("web-1", of: "web", [Endpoint("10.0.0.1")]))
        let server = try await LookasideProcess(configuration: kubernetes(", empty_guard: 1") + "state_file: state.json\nstale_after: 0.5")
        try await server.waitFor("web", ["10.0.0.1:80": 100])
        let file = server.directory.appending(path: "state.json")
        try await server.wait("the state file") { (try? String(contentsOf: file, encoding: .utf8))?.contains("10.0.0.1:80") == true }
        cluster.stop()
        try await server.wait("stale picks") { try await server.json("/pick/web", as: PickBody.self).stale == true }
        try await server.restart()
        #expect(try await server.json("/pick/web", as: PickBody.self).stale == true)
        #expect(try await server.get("/readyz").status == 200)
        try cluster.start()
        cluster.write(.slice("web-1", of: "web", [Endpoint("10.0.0.2")]))
        try await server.waitFor("web", ["10.0.0.2:80": 100], within: .seconds(45))
        #expect(try await server.json("/pick/web", as: PickBody.self).stale == nil)
    }

    @Test(.enabled(if: runsSlowTests))
    func `a network that swallows everything is noticed within ninety seconds, and picks go on`() async throws {
        cluster.write(.slice("web-1", of: "web", [Endpoint("10.0.0.1")]))
        let proxy = try FaultProxy(to: cluster.port)
        let server = try await LookasideProcess(
            configuration: "sources:\n  - kubernetes: { server: \"\(proxy.url)\", namespace: lab }\nstale_after: 5"
        )
        try await server.waitFor("web", ["10.0.0.1:80": 100])
        let client = PickingClient(server, service: "web", pause: .milliseconds(5))
        let began = ContinuousClock.now
        proxy.set(.stall)
        try await server.wait("stale picks", within: .seconds(120)) { try await server.json("/pick/web", as: PickBody.self).stale == true }
        #expect(began.duration(to: .now) < .seconds(90))
        #expect(try await !server.source().lastError.isEmpty)
        proxy.set(.forward)
        cluster.write(.slice("web-1", of: "web", [Endpoint("10.0.0.2")]))
        try await server.waitFor("web", ["10.0.0.2:80": 100], within: .seconds(60))
        #expect(try await client.stop() == [200])
        #expect(try await server.source().lists == 1)
    }

    // MARK: - With etcd

    @Test func `a peer that one source takes over from the other keeps its verdict and its statistics`() async throws {
        let etcd = try await EtcdProcess()
        let key = "/v1/testing/services/web/10.0.0.1:80"
        try etcd.put(key, #"{"weight":1}"#)
        cluster.write(.slice("web-2", of: "web", [Endpoint("10.0.0.2", uid: "two")]))
        let sources = "sources:\n  - etcd: { endpoints: [\(etcd.url)] }\n  - kubernetes: { server: \"\(cluster.url)\", namespace: lab, weight: 5 }\n"
        let server = try await LookasideProcess(configuration: sources + "log_check: { consecutive_failures: 3, max_ejected: 0.9 }")
        try await server.waitFor("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 5])
        try await server.report(#""error":"connect""#, times: 5, of: "10.0.0.1:80")
        try await server.waitForEvent("ejected", of: "10.0.0.1:80")
        let before = try await server.explanation(of: "10.0.0.1:80").evidence
        #expect(before.failures > 0)
        func isAsBefore(_ source: String) async throws {
            let peer = try await server.explanation(of: "10.0.0.1:80")
            #expect(peer.health == "ejected" && peer.evidence.failures == before.failures, "\(source)")
            #expect(try await server.picked(20) == ["10.0.0.2:80"])
        }
        try await isAsBefore("etcd")
        // Both have it for a while, as when a service moves.
        cluster.write(.slice("web-1", of: "web", [Endpoint("10.0.0.1", uid: "one")]))
        try await server.wait("Kubernetes to have it") { try await server.json("/stats", as: StatisticsBody.self).sources[1].peers == 2 }
        try etcd.delete(key)
        try await server.waitFor("web", ["10.0.0.1:80": 5, "10.0.0.2:80": 5])
        try await isAsBefore("Kubernetes")
        try etcd.put(key, #"{"weight":7}"#)
        try await server.waitFor("web", ["10.0.0.1:80": 7, "10.0.0.2:80": 5])
        cluster.delete("web-1")
        try await server.wait("Kubernetes to have lost it") { try await server.json("/stats", as: StatisticsBody.self).sources[1].peers == 1 }
        try await isAsBefore("etcd again")
    }

    @Test(arguments: ["merge", "first"])
    func `etcd and Kubernetes together are the union, or the first that has a service`(combine: String) async throws {
        let etcd = try await EtcdProcess()
        let prefix = "/v1/testing/services/"
        try etcd.put("\(prefix)web/10.0.0.1:80", #"{"weight":1}"#)
        try etcd.put("\(prefix)old/10.0.9.9:80", #"{"weight":9}"#)
        cluster.write(.slice("web-1", of: "web", [Endpoint("10.0.0.1"), Endpoint("10.0.0.2")]))
        cluster.write(.slice("new-1", of: "new", [Endpoint("10.0.8.8")]))
        let sources = "sources:\n  - etcd: { endpoints: [\(etcd.url)] }\n  - kubernetes: { server: \"\(cluster.url)\", namespace: lab, weight: 5 }\n"
        let server = try await LookasideProcess(configuration: sources + "combine: \(combine)")
        try await server.waitFor("web", combine == "merge" ? ["10.0.0.1:80": 1, "10.0.0.2:80": 5] : ["10.0.0.1:80": 1])
        try await server.waitFor("old", ["10.0.9.9:80": 9])
        try await server.waitFor("new", ["10.0.8.8:80": 5])
        // The other source takes over what the first one gives up.
        try etcd.delete("\(prefix)web/10.0.0.1:80")
        try await server.waitFor("web", ["10.0.0.1:80": 5, "10.0.0.2:80": 5])
        cluster.stop()
        try etcd.put("\(prefix)web/10.0.0.3:80", #"{"weight":3}"#)
        try await server.waitFor("web", combine == "merge" ? ["10.0.0.1:80": 5, "10.0.0.2:80": 5, "10.0.0.3:80": 3] : ["10.0.0.3:80": 3])
    }
}

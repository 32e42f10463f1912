import Discovery
import DiscoveryTestSupport
import TestSupport
import Testing

@testable import KubernetesSource

/// A place to go on from that is gone, and a store that is not the known one.
struct LostPlaceTests {
    private typealias Endpoint = FakeAPIServer.Endpoint

    private let server: FakeAPIServer

    init() throws {
        server = try FakeAPIServer()
        server.write(.slice("web-1", of: "web", [Endpoint("10.0.0.1")]))
    }

    private static let one = ["web/10.0.0.1:80": "up"]

    // MARK: - What is gone

    @Test func `a version that is gone is listed anew without an empty moment, whether an event says so or a status`() async throws {
        for asStatus in [false, true] {
            let server = try FakeAPIServer()
            for number in 1...3 { server.write(.slice("web-\(number)", of: "web", [Endpoint("10.0.0.\(number)")])) }
            let served = try ServedKubernetes(server.url)
            try await served.running { try await served.waitForWatch() }
            server.delete("web-1")
            server.write(.slice("web-4", of: "web", [Endpoint("10.0.0.4")]))
            server.compact()
            if asStatus { server.onRequest { $0.query["resourceVersion"] == "103" ? .status(410, "Expired", "too old") : nil } }
            // One session notices, the next one lists.
            served.advance(by: .seconds(61))
            try await served.runOnce()
            #expect(served.peers.count == 3 && served.peers["web/10.0.0.1:80"] == "up")
            try await served.running {
                try await served.waitFor(["web/10.0.0.2:80": "up", "web/10.0.0.3:80": "up", "web/10.0.0.4:80": "up"])
            }
            #expect(served.monitor.status.lists == 2 && served.monitor.status.failures == 0)
        }
    }

    @Test func `a version that goes in the middle of a watch is listed anew`() async throws {
        let served = try ServedKubernetes(server.url)
        try await served.running {
            try await served.waitForWatch()
            server.failWatches(410, "Expired", "The resourceVersion for the provided watch is too old.")
            try await served.wait { served.monitor.status.lists == 2 && served.monitor.status.phase == .watching }
        }
    }

    @Test func `a version that is gone within a minute of its list is a failure, so that lists do not follow each other`() async throws {
        let served = try ServedKubernetes(server.url)
        func fail(after age: Duration) async throws -> String {
            let watches = server.requests.count { $0.kind == .watch }
            async let failure = served.failure()
            try await served.wait { server.watchCount == 1 && server.requests.count { $0.kind == .watch } > watches }
            served.advance(by: age)
            server.failWatches(410, "Expired", "too old")
            return await failure
        }
        for lists in 1...4 {
            #expect(try await fail(after: .seconds(2)).contains("the history was lost, listing again: too old"))
            #expect(served.monitor.status.lists == lists)
        }
        #expect(try await fail(after: .seconds(61)) == "no failure")
    }

    @Test func `a watch that is refused with an internal error is asked for three times before a list`() async throws {
        let served = try ServedKubernetes(server.url)
        server.onRequest { $0.kind == .watch ? .status(500, "InternalError", "broken") : nil }
        for session in 1...9 {
            #expect(await served.failure().hasSuffix("the answer has status 500: Kubernetes says: broken"))
            #expect(served.monitor.status.lists == (session + 2) / 3)
        }
    }

    @Test func `a proof that fails with an internal error is asked for three times before a list`() async throws {
        let served = try ServedKubernetes(server.url)
        try await served.running { try await served.waitForWatch() }
        for failures in [2, 3] {
            server.onRequest { $0.kind == .one ? .status(500, "InternalError", "etcdserver: leader changed") : nil }
            for _ in 0..<failures { #expect(await served.failure().contains("leader changed")) }
            server.onRequest(nil)
            try await served.running { try await served.waitForWatch() }
            #expect(served.monitor.status.lists == (failures == 2 ? 1 : 2))
            // What comes between them counts anew.
            server.write(.slice("web-1", of: "web", [Endpoint("10.0.0.\(failures)")]))
            try await served.running { try await served.waitFor(["web/10.0.0.\(failures):80": "up"]) }
        }
    }

    @Test func `a version that is gone as soon as it was listed is a failure`() async throws {
        let served = try ServedKubernetes(server.url)
        server.onRequest { $0.kind == .watch ? .status(410, "Expired", "too old") : nil }
        #expect(await served.failure().contains("the history was lost, listing again: the answer has status 410: Kubernetes says: too old"))
    }

    @Test(arguments: [
        (#"{"type":"REPLACED","object":{}}"#, "the answer is not what Kubernetes sends"), ("{", "the answer is not what Kubernetes sends"),
        (
            #"{"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{}}}"#,
            "expected kind EndpointSlice of discovery.k8s.io/v1, found Pod of v1"
        ),
        (
            #"{"type":"BOOKMARK","object":{"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{}}}"#,
            "an event has no resourceVersion"
        ),
        (#"{"type":"ERROR","object":{"kind":"Status","code":400,"message":"odd"}}"#, "the answer has status 400: Kubernetes says: odd"),
    ])
    func `an event that is not understood may have been a change, so that all is listed anew`(line: String, reason: String) async throws {
        let served = try ServedKubernetes(server.url)
        try await served.running {
            try await served.waitForWatch()
            server.sendLine(line)
            try await served.wait { served.monitor.status.failures == 1 }
            #expect(served.monitor.status.lastError.contains(reason) || served.monitor.status.lists == 2)
            #expect(served.peers == Self.one)
            try await served.wait { served.monitor.status.lists == 2 && served.monitor.status.phase == .watching }
        }
    }

    @Test(arguments: [429, 500, 503, 504])
    func `a watch that is refused for a while is asked for again without a list, as late as the server says`(status: Int) async throws {
        let served = try ServedKubernetes(server.url)
        try await served.running { try await served.waitForWatch() }
        server.onRequest { $0.kind == .watch ? .status(status, "Busy", "not now", retryAfter: 7) : nil }
        #expect(await served.delay() == .seconds(7))
        server.onRequest { $0.kind == .watch ? .answer(status, headers: [("Retry-After", "100000")], body: "not now") : nil }
        #expect(await served.delay() == .seconds(30))
        server.onRequest(nil)
        server.write(.slice("web-2", of: "web", [Endpoint("10.0.0.2")]))
        try await served.running { try await served.waitFor(["web/10.0.0.1:80": "up", "web/10.0.0.2:80": "up"]) }
        #expect(served.monitor.status.lists == 1)
    }

    @Test func `an error event that passes keeps the place`() async throws {
        let served = try ServedKubernetes(server.url)
        try await served.running {
            try await served.waitForWatch()
            server.failWatches(429, "TooManyRequests", "not now")
            try await served.wait { served.monitor.status.failures == 1 }
            server.write(.slice("web-2", of: "web", [Endpoint("10.0.0.2")]))
            try await served.waitFor(["web/10.0.0.1:80": "up", "web/10.0.0.2:80": "up"])
        }
        #expect(served.monitor.status.lists == 1)
    }

    // MARK: - A restored cluster

    @Test func `a cluster that was restored is noticed, and what it lacks is guarded`() async throws {
        let backup = server.backup()
        for number in 2...4 { server.write(.slice("web-\(number)", of: "web", [Endpoint("10.0.0.\(number)")])) }
        let served = try ServedKubernetes(server.url, emptyGuard: .seconds(60))
        try await served.running {
            try await served.wait { served.peers.count == 4 && served.monitor.status.phase == .watching }
            server.restore(backup)
            try await served.wait { served.monitor.status.lists == 2 && served.monitor.status.phase == .watching }
            // Three are gone, and stay for the guard, since the history was broken.
            #expect(served.peers.count == 4 && served.monitor.status.guarded == 3)
            server.write(.slice("web-9", of: "web", [Endpoint("10.0.0.9")]))
            try await served.wait { served.peers["web/10.0.0.9:80"] == "up" }
        }
    }

    @Test func `a cluster that was restored under a watch that stays open is noticed at its next silence`() async throws {
        let backup = server.backup()
        server.write(.slice("web-1", of: "web", [Endpoint("10.0.0.2")]))
        let served = try ServedKubernetes(server.url) { $0.idleTimeout = .milliseconds(200) }
        try await served.running {
            try await served.waitFor(["web/10.0.0.2:80": "up"])
            // The server takes the watch of a version that it has yet to reach, and is silent.
            server.restore(backup)
            try await served.waitFor(Self.one)
        }
    }

    @Test func `a cluster that was restored and written past the known version is noticed`() async throws {
        let backup = server.backup()
        server.write(.slice("web-1", of: "web", [Endpoint("10.0.0.2")]))
        let served = try ServedKubernetes(server.url)
        try await served.running {
            try await served.waitFor(["web/10.0.0.2:80": "up"])
            try await served.waitForWatch()
            server.stop()
            server.restore(backup)
            server.advance(by: 1000)
            try server.start()
            try await served.waitFor(Self.one)
        }
    }

    @Test func `a cluster that was restored, written past the known version and compacted is noticed by the objects of before`() async throws {
        for number in 2...5 { server.write(.slice("web-\(number)", of: "web", [Endpoint("10.0.0.\(number)")])) }
        let backup = server.backup()
        server.write(.slice("web-1", of: "web", [Endpoint("10.0.0.6")]))
        server.write(.slice("web-9", of: "web", [Endpoint("10.0.0.9")]))
        let served = try ServedKubernetes(server.url, emptyGuard: .seconds(60))
        try await served.running {
            try await served.wait { served.peers.count == 6 && served.monitor.status.phase == .watching }
            server.stop()
            server.restore(backup)
            server.advance(by: 1000)
            server.compact()
            try server.start()
            try await served.wait { served.monitor.status.lists == 2 && served.monitor.status.phase == .watching }
        }
        // The newest object is not there, and the store cannot say what was: one that was written before is older than it was.
        #expect(served.peers.count == 7 && served.monitor.status.guarded == 2)
    }

    @Test func `a kubeconfig file that leads to another cluster is followed`() async throws {
        let other = try FakeAPIServer()
        other.advance(by: 1000)
        other.write(.slice("web-1", of: "web", [Endpoint("10.0.5.5")]))
        let directory = try TemporaryDirectory()
        func point(to url: String) throws {
            let config = #"{"current-context":"c","contexts":[{"name":"c","context":{"cluster":"k","namespace":"lab"}}],"#
            try directory.write("config", config + #""clusters":[{"name":"k","cluster":{"server":"\#(url)"}}]}"#)
        }
        try point(to: server.url)
        let served = try ServedKubernetes(server.url) {
            $0.cluster = .kubeconfig(directory.file("config"))
            $0.namespace = nil
        }
        try await served.running {
            try await served.waitFor(Self.one)
            try await served.waitForWatch()
            try point(to: other.url)
            server.endWatches()
            try await served.waitFor(["web/10.0.5.5:80": "up"])
        }
        #expect(served.monitor.status.endpoint == "127.0.0.1:\(other.port)")
    }
}

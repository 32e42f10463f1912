import Discovery
import TestSupport
import Testing

@testable import KubernetesSource

/// A source and a small API server; after every scene picks must see what the server has.
struct KubernetesSourceTests {
    private typealias Endpoint = FakeAPIServer.Endpoint
    private typealias Object = FakeAPIServer.Object

    private let server: FakeAPIServer

    init() throws {
        server = try FakeAPIServer()
        server.write(.slice("web-1", of: "web", [Endpoint("10.0.0.1")]))
    }

    private static let one = ["web/10.0.0.1:80": "up"]

    @Test func `slices that come, change and go appear in picks`() async throws {
        let served = try ServedKubernetes(server.url)
        try await served.running {
            try await served.waitFor(Self.one)
            server.write(.slice("web-1", of: "web", [Endpoint("10.0.0.1"), Endpoint("10.0.0.2", ready: false, serving: true, terminating: true)]))
            try await served.waitFor(["web/10.0.0.1:80": "up", "web/10.0.0.2:80": "draining"])
            server.write(.slice("web-v6", of: "web", type: "IPv6", [Endpoint("fd00::1", ready: false)]))
            server.write(.slice("api-1", of: "api", port: 81, [Endpoint("10.0.1.1")]))
            server.write(.slice("other-1", of: "other", namespace: "elsewhere", [Endpoint("10.0.9.9")]))
            let expected = ["web/10.0.0.1:80": "up", "web/10.0.0.2:80": "draining", "web/[fd00::1]:80": "down", "api/10.0.1.1:81": "up"]
            try await served.waitFor(expected)
            server.delete("web-v6")
            server.delete("web-1")
            try await served.waitFor(["api/10.0.1.1:81": "up"])
            server.write(.slice("web-2", of: "web", []))
            server.write(.slice("api-1", of: "api", []))
            try await served.waitFor([:])
            try await served.wait { served.monitor.status.services == 2 }
        }
        let status = served.monitor.status
        #expect(status.lists == 1 && status.failures == 0 && status.skipped == 0 && status.endpoint == "127.0.0.1:\(server.port)")
        #expect(status.revision == "\(server.version)")
    }

    @Test func `Endpoints are read where they are chosen`() async throws {
        server.write(.endpoints("web", ready: ["10.0.0.1"], notReady: ["10.0.0.2"]))
        let served = try ServedKubernetes(server.url) { $0.resource = .endpoints }
        try await served.running {
            try await served.waitFor(["web/10.0.0.1:80": "up", "web/10.0.0.2:80": "down"])
            server.write(.endpoints("web", ready: []))
            try await served.waitFor([:])
            server.write(.endpoints("web", port: 81, ready: ["10.0.0.3"]))
            try await served.waitFor(["web/10.0.0.3:81": "up"])
        }
        #expect(server.requests.allSatisfy { $0.resource == "endpoints" && $0.namespace == "lab" })
        #expect(served.monitor.status.lists == 1)
    }

    @Test func `all namespaces are one source, and a selector chooses`() async throws {
        server.write(.slice("web-1", of: "web", namespace: "other", labels: ["tier": "front"], [Endpoint("10.0.1.1")]))
        let all = try ServedKubernetes(server.url) { $0.namespace = "*" }
        try await all.running { try await all.waitFor(["web.lab/10.0.0.1:80": "up", "web.other/10.0.1.1:80": "up"]) }
        let some = try ServedKubernetes(server.url) {
            $0.namespace = "*"
            $0.labelSelector = "tier=front"
        }
        try await some.running {
            try await some.waitFor(["web.other/10.0.1.1:80": "up"])
            // Into the selector and out of it.
            server.write(.slice("web-1", of: "web", labels: ["tier": "front"], [Endpoint("10.0.0.1")]))
            try await some.waitFor(["web.other/10.0.1.1:80": "up", "web.lab/10.0.0.1:80": "up"])
            server.write(.slice("web-1", of: "web", namespace: "other", labels: ["tier": "back"], [Endpoint("10.0.1.1")]))
            try await some.waitFor(["web.lab/10.0.0.1:80": "up"])
        }
        #expect(server.requests.allSatisfy { $0.namespace == nil })
    }

    @Test func `a watch is asked for as Kubernetes' own clients do`() async throws {
        let served = try ServedKubernetes(server.url)
        try await served.running { try await served.waitForWatch() }
        let requests = server.requests
        #expect(requests.map(\.kind) == [.list, .watch])
        #expect(requests[0].query == ["limit": "200"])
        #expect(requests[1].query["resourceVersion"] == "101" && requests[1].query["allowWatchBookmarks"] == "true")
        let lifetime = try #require(Int(requests[1].query["timeoutSeconds"] ?? ""))
        #expect(300...600 ~= lifetime)
    }

    // MARK: - Pages

    @Test func `a list of many pages is complete, or is not seen at all`() async throws {
        for number in 2...50 { server.write(.slice("web-\(number)", of: "web", [Endpoint("10.0.0.\(number)")])) }
        let expected = Dictionary(uniqueKeysWithValues: (1...50).map { ("web/10.0.0.\($0):80", "up") })
        for pageSize in [1, 7, 50] {
            let served = try ServedKubernetes(server.url) { $0.pageSize = pageSize }
            try await served.running { try await served.waitFor(expected) }
            #expect(served.monitor.status.lists == 1 && served.monitor.status.failures == 0)
        }
        let served = try ServedKubernetes(server.url) { $0.pageSize = 7 }
        server.onRequest { $0.kind == .page ? .status(500, "InternalError", "broken") : nil }
        let failure = await served.failure()
        #expect(failure.hasSuffix("the answer has status 500: Kubernetes says: broken"))
        #expect(served.peers.isEmpty && served.monitor.status.lists == 0)
    }

    @Test func `a further page fails, and what was known stays`() async throws {
        for number in 2...5 { server.write(.slice("web-\(number)", of: "web", [Endpoint("10.0.0.\(number)")])) }
        let served = try ServedKubernetes(server.url) { $0.pageSize = 2 }
        try await served.running { try await served.waitForWatch() }
        let before = served.peers
        server.compact()
        server.delete("web-1")
        server.compact()
        let slices = #"{"kind":"EndpointSliceList","apiVersion":"discovery.k8s.io/v1","metadata":{"resourceVersion":"1"}"#
        let faults: [FakeAPIServer.Fault] = [
            .answer(200), .answer(200, body: "{}"), .answer(200, body: slices + #","items":[{"metadata":5}]}"#),
            .answer(200, body: #"{"kind":"EndpointsList","apiVersion":"v1","metadata":{"resourceVersion":"1"}}"#),
            .cut(after: 40), .status(503, "ServiceUnavailable", "apiserver is shutting down", retryAfter: 1),
        ]
        for fault in faults {
            server.onRequest { $0.kind == .page ? fault : nil }
            // The first one notices that the place is gone.
            while await served.failure() == "no failure" {}
            #expect(served.peers == before)
        }
        server.onRequest(nil)
        try await served.running {
            try await served.wait { served.peers.count == 4 }
        }
    }

    @Test func `a page that is too large is asked for in smaller ones`() async throws {
        for number in 2...30 { server.write(.slice("web-\(number)", of: "web", [Endpoint("10.0.0.\(number)")])) }
        let served = try ServedKubernetes(server.url) { $0.answerLimit = 5000 }
        try await served.running { try await served.wait { served.peers.count == 30 } }
        #expect(served.monitor.status.lists == 1 && served.monitor.status.failures == 0)
        #expect(server.requests.compactMap { $0.query["limit"] }.contains("3"))
    }

    @Test func `a list whose token expires is begun again at once, and once`() async throws {
        for number in 2...6 { server.write(.slice("web-\(number)", of: "web", [Endpoint("10.0.0.\(number)")])) }
        let served = try ServedKubernetes(server.url) { $0.pageSize = 2 }
        let expired = FakeAPIServer.Fault.status(410, "Expired", "The provided continue parameter is too old")
        let count = Counter()
        server.onRequest { $0.kind == .page && count.next() == 1 ? expired : nil }
        try await served.running { try await served.wait { served.peers.count == 6 } }
        #expect(served.monitor.status.failures == 0 && server.requests.count { $0.kind == .list } == 2)
        server.onRequest { $0.kind == .page ? expired : nil }
        let other = try ServedKubernetes(server.url) { $0.pageSize = 2 }
        #expect(await other.failure().contains("status 410: Kubernetes says: The provided continue parameter is too old"))
        #expect(other.peers.isEmpty)
    }

    // MARK: - Watches that end

    @Test func `what happened while a watch was cut is caught up without a list`() async throws {
        let served = try ServedKubernetes(server.url)
        try await served.running {
            for number in 2...6 {
                try await served.waitForWatch()
                number.isMultiple(of: 2) ? server.cutWatches() : server.endWatches()
                server.write(.slice("web-\(number)", of: "web", [Endpoint("10.0.0.\(number)")]))
                try await served.wait { served.peers.count == number }
            }
        }
        #expect(served.monitor.status.lists == 1)
    }

    @Test func `events in pieces of any size come out whole`() async throws {
        let served = try ServedKubernetes(server.url)
        server.split(into: 3)
        try await served.running {
            try await served.waitFor(Self.one)
            for number in 2...9 { server.write(.slice("web-\(number)", of: "web", [Endpoint("10.0.0.\(number)")])) }
            try await served.wait { served.peers.count == 9 }
        }
        #expect(served.monitor.status.lists == 1 && served.monitor.status.failures == 0)
    }

    @Test func `a server that is gone for a while is caught up with, and its last peers stay meanwhile`() async throws {
        let served = try ServedKubernetes(server.url)
        try await served.running {
            try await served.waitForWatch()
            server.stop()
            try await served.wait { served.monitor.status.failures >= 2 }
            #expect(served.monitor.status.lastError.contains(" at 127.0.0.1:\(server.port)"))
            #expect(served.peers == Self.one)
            try server.start()
            server.write(.slice("web-2", of: "web", [Endpoint("10.0.0.2")]))
            try await served.waitFor(["web/10.0.0.1:80": "up", "web/10.0.0.2:80": "up"])
            try await served.wait { served.monitor.status.lastError.isEmpty }
        }
        #expect(served.monitor.status.lists == 1)
    }

    @Test func `a silent watch is begun again with a proof, and is no failure`() async throws {
        let served = try ServedKubernetes(server.url) { $0.idleTimeout = .milliseconds(100) }
        for _ in 0..<3 { try await served.runOnce() }
        #expect(served.monitor.status.lists == 1 && served.monitor.status.phase == .watching && served.monitor.status.reconnects == 0)
        #expect(server.requests.map(\.kind) == [.list, .watch, .one, .watch, .one, .watch])
        let proof = try #require(server.requests.first { $0.kind == .one })
        #expect(proof.query == ["fieldSelector": "metadata.name=web-1", "limit": "1"] && proof.namespace == "lab")
    }

    @Test func `a watch goes on from the last bookmark`() async throws {
        let served = try ServedKubernetes(server.url)
        try await served.running {
            try await served.waitForWatch()
            server.advance(by: 500)
            server.sendBookmarks()
            try await served.wait { served.monitor.status.revision == "601" }
            server.compact()
            server.endWatches()
            try await served.wait { server.requests.last?.query["resourceVersion"] == "601" }
        }
        #expect(served.monitor.status.lists == 1)
    }

    @Test func `a watch that ends at once without a change is a failure, and one with a change is none`() async throws {
        let served = try ServedKubernetes(server.url)
        server.onRequest { $0.kind == .watch ? .watch("") : nil }
        #expect(await served.failure().hasSuffix("the watch ended as soon as it had begun"))
        let bookmark =
            #"{"type":"BOOKMARK","object":{"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{"resourceVersion":"101"}}}"#
        server.onRequest { $0.kind == .watch ? .watch(bookmark + "\n") : nil }
        #expect(await served.failure().hasSuffix("the watch ended as soon as it had begun"))
        let deletion = bookmark.replacing("BOOKMARK", with: "DELETED")
            .replacing(#""resourceVersion":"101""#, with: #""name":"web-1","namespace":"lab","resourceVersion":"102""#)
        server.onRequest { $0.kind == .watch ? .watch(deletion + "\n") : nil }
        #expect(await served.failure() == "no failure")
        #expect(served.peers.isEmpty && served.monitor.status.lists == 1)
    }

    @Test func `a watch that brings what is known and ends at once is a failure`() async throws {
        let served = try ServedKubernetes(server.url)
        try await served.running { try await served.waitForWatch() }
        let object = #"{"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{"name":"web-1","resourceVersion":"101"}}"#
        server.onRequest { $0.kind == .watch ? .watch(#"{"type":"MODIFIED","object":\#(object)}"# + "\n") : nil }
        #expect(await served.failure().hasSuffix("the watch ended as soon as it had begun"))
    }

    @Test(arguments: [FakeAPIServer.Fault.status(400, "BadRequest", "no"), .answer(200, body: "{}"), .answer(404)])
    func `a proof that is refused for good leads to a list`(fault: FakeAPIServer.Fault) async throws {
        let served = try ServedKubernetes(server.url)
        try await served.running { try await served.waitForWatch() }
        server.onRequest { $0.kind == .one ? fault : nil }
        #expect(await served.failure() != "no failure")
        try await served.running { try await served.wait { served.monitor.status.lists == 2 && served.monitor.status.phase == .watching } }
    }

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
        (#"{"type":"ERROR","object":{"kind":"Status","code":500,"message":"odd"}}"#, "the answer has status 500: Kubernetes says: odd"),
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

    @Test(arguments: [429, 503, 504])
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

    // MARK: - Words

    @Test(arguments: [
        (
            FakeAPIServer.Fault.status(401, "Unauthorized", "Unauthorized"),
            "the API server does not know a client without token and certificate (status 401): Kubernetes says: Unauthorized"
        ),
        (
            .status(403, "Forbidden", "endpointslices is forbidden"),
            "this needs a role that may list and watch endpointslices in namespace lab (status 403): Kubernetes says: endpointslices is forbidden"
        ),
        (
            .answer(404, body: "404 page not found"),
            "the API server does not serve discovery.k8s.io/v1 endpointslices; Kubernetes before 1.21 has resource: endpoints only: "
                + "Kubernetes says: 404 page not found"
        ),
        (
            .answer(429, headers: [("Retry-After", "1")], body: "Too many requests, please try again later.\n"),
            "the answer has status 429: Kubernetes says: Too many requests, please try again later."
        ),
        (.answer(500), "the answer has status 500"),
        (.answer(200, body: "{}"), "expected kind EndpointSliceList of discovery.k8s.io/v1, found none of none"),
    ])
    func `an answer that is no list is a failure in words`(fault: FakeAPIServer.Fault, reason: String) async throws {
        server.onRequest { _ in fault }
        let served = try ServedKubernetes(server.url)
        #expect(
            await served.failure() == "GET /apis/discovery.k8s.io/v1/namespaces/lab/endpointslices at 127.0.0.1:\(server.port): \(reason)"
        )
        #expect(served.monitor.status.lists == 0)
    }

    // MARK: - Tokens

    @Test func `a token that is replaced at every moment never fails a session`() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("token", "token-0")
        server.accept(["token-0"])
        let served = try ServedKubernetes(server.url) { $0.tokenFile = directory.file("token") }
        try await served.running {
            try await served.waitForWatch()
            for number in 1...40 {
                // A watch that has brought something may end at any time.
                server.write(.slice("web-\(number)", of: "web", [Endpoint("10.0.1.\(number)")]))
                try await served.wait { served.peers["web/10.0.1.\(number):80"] == "up" }
                server.accept(["token-\(number - 1)", "token-\(number)"])
                try directory.write("token", "token-\(number)")
                server.accept(["token-\(number)"])
                server.endWatches()
                try await served.wait { server.requests.count { $0.kind == .watch } == number + 1 }
            }
        }
        #expect(served.monitor.status.failures == 0 && served.monitor.status.lists == 1)
    }

    @Test func `a token that is refused is named by its file, never by what it is`() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("token", "wrong-secret")
        server.accept(["right"])
        let served = try ServedKubernetes(server.url) { $0.tokenFile = directory.file("token") }
        let failure = await served.failure()
        #expect(failure.contains("does not know the token in \(directory.file("token")) (status 401)") && !failure.contains("wrong-secret"))
        #expect(server.requests.count == 1)
        try directory.write("token", "right")
        try await served.running { try await served.waitFor(Self.one) }
    }
}

import Discovery
import DiscoveryTestSupport
import TestSupport
import Testing

@testable import KubernetesSource

/// A source and a small API server; after every scene picks must see what the server has.
struct KubernetesSourceTests {
    private typealias Endpoint = FakeAPIServer.Endpoint

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

    @Test func `a watch that its server never ends is begun again after its time, and blank lines prove no contact`() async throws {
        let served = try ServedKubernetes(server.url)
        async let session: Void = served.runOnce()
        try await served.waitForWatch()
        let contact = served.monitor.status.lastContact
        // At most twice the lifetime, and half a minute for the server to end it.
        served.advance(by: .seconds(631))
        server.sendLine("")
        try await session
        #expect(served.monitor.status.lastContact == contact && served.monitor.status.phase == .watching)
        try await served.running { try await served.wait { server.requests.count { $0.kind == .watch } == 2 } }
        #expect(served.monitor.status.lists == 1 && served.monitor.status.failures == 0 && served.monitor.status.reconnects == 0)
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
        served.stopTime()
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
        served.stopTime()
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

    @Test func `what the server says in any number of words is shown in a few`() async throws {
        let long = String(repeating: "é", count: 5000)
        let kind = #"{"kind":"\#(long)","apiVersion":"\#(long)"}"#
        let undecodable = #"{"kind":"EndpointSliceList","metadata":5,"\#(long)":1}"#
        let event = #"{"type":"\#(long)","object":{}}"#
        let faults: [FakeAPIServer.Fault] = [
            .answer(200, body: kind), .answer(200, body: undecodable), .answer(500, body: long), .status(403, "Forbidden", long),
        ]
        for fault in faults + [.watch(event + "\n")] {
            let isWatch = if case .watch = fault { true } else { false }
            server.onRequest { isWatch == ($0.kind == .watch) ? fault : nil }
            let failure = await (try ServedKubernetes(server.url)).failure()
            #expect(50...500 ~= failure.utf8.count)
        }
    }

    @Test func `sessions that fail are 0.8 to 30 seconds apart, at random`() throws {
        let served = try ServedKubernetes(server.url)
        for (number, ceiling) in [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30].enumerated() {
            let waits = (1...100 as ClosedRange<UInt64>).map { seed in
                var (backoff, generator) = (served.backoff, SeededGenerator(seed: seed))
                for _ in 0..<number { _ = backoff.next(using: &generator) }
                return backoff.next(using: &generator) / .seconds(1)
            }
            #expect(waits.allSatisfy { 0...ceiling ~= $0 } && (waits.max() ?? 0) > 0.8 * ceiling && (waits.min() ?? 1) < 0.2 * ceiling)
        }
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

    @Test func `a token that is refused before the next one is mounted is a failure, and nothing is lost`() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("token", "old")
        server.accept(["old"])
        let served = try ServedKubernetes(server.url) { $0.tokenFile = directory.file("token") }
        try await served.running { try await served.waitForWatch() }
        server.accept(["new"])
        server.write(.slice("web-2", of: "web", [Endpoint("10.0.0.2")]))
        for _ in 0..<3 { #expect(await served.failure().contains("status 401")) }
        #expect(served.peers == Self.one)
        try directory.write("token", "new")
        try await served.running { try await served.waitFor(["web/10.0.0.1:80": "up", "web/10.0.0.2:80": "up"]) }
        #expect(served.monitor.status.lists == 1)
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

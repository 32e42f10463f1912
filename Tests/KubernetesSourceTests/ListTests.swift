import Discovery
import DiscoveryTestSupport
import TestSupport
import Testing

@testable import KubernetesSource

/// Lists in pages, which are complete or are not seen at all.
struct ListTests {
    private typealias Endpoint = FakeAPIServer.Endpoint

    private let server: FakeAPIServer

    init() throws {
        server = try FakeAPIServer()
        server.write(.slice("web-1", of: "web", [Endpoint("10.0.0.1")]))
    }

    @Test func `a list of many pages is complete, or is not seen at all`() async throws {
        for number in 2...50 { server.write(.slice("web-\(number)", of: "web", [Endpoint("10.0.0.\(number)")])) }
        let expected = Dictionary(uniqueKeysWithValues: (1...50).map { ("web/10.0.0.\($0):80", "up") })
        for pageSize in [1, 7, 50] {
            let served = try ServedKubernetes(server.url) { $0.pageSize = pageSize }
            try await served.running { try await served.waitFor(expected) }
            #expect(served.monitor.status.lists == 1 && served.monitor.status.failures == 0)
        }
        let served = try ServedKubernetes(server.url) { $0.pageSize = 7 }
        server.onRequest { $0.kind == .page ? .status(400, "BadRequest", "broken") : nil }
        let failure = await served.failure()
        #expect(failure.hasSuffix("the answer has status 400: Kubernetes says: broken"))
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
            .cut(after: 40), .status(404, "NotFound", "no"),
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

    @Test(arguments: [429, 500, 502, 503, 504])
    func `a page that is refused for a while is asked for again, and those before it stay`(status: Int) async throws {
        for number in 2...6 { server.write(.slice("web-\(number)", of: "web", [Endpoint("10.0.0.\(number)")])) }
        let served = try ServedKubernetes(server.url) { $0.pageSize = 2 }
        let count = Counter()
        server.onRequest { $0.kind == .page && count.next() <= 3 ? .status(status, "Busy", "not now", retryAfter: 7) : nil }
        try await served.running { try await served.waitForWatch() }
        #expect(served.peers.count == 6 && served.monitor.status.lists == 1)
        #expect(server.requests.count { $0.kind == .list } == 1)
        let tokens = server.requests.filter { $0.kind == .page }.compactMap { $0.query["continue"] }
        #expect(tokens.count == 5 && Set(tokens.prefix(4)).count == 1)
        // Each attempt is counted, and waits as long as the server says and a random time more.
        #expect(served.monitor.status.failures == 3)
        #expect(served.pauses.count == 3 && served.pauses.allSatisfy { $0 > .seconds(7) && $0 < .seconds(11) })
    }

    @Test func `a page is asked for ten times at most, and one that is refused for good once`() async throws {
        for number in 2...3 { server.write(.slice("web-\(number)", of: "web", [Endpoint("10.0.0.\(number)")])) }
        let served = try ServedKubernetes(server.url) { $0.pageSize = 2 }
        server.onRequest { $0.kind == .page ? .status(503, "ServiceUnavailable", "apiserver is shutting down", retryAfter: 1) : nil }
        #expect(await served.failure().hasSuffix("the answer has status 503: Kubernetes says: apiserver is shutting down"))
        #expect(server.requests.count { $0.kind == .page } == 10 && served.pauses.count == 9)
        #expect(served.pauses.allSatisfy { .seconds(1)...(.seconds(31)) ~= $0 })
        for status in [403, 404] {
            server.forgetRequests()
            server.onRequest { $0.kind == .page ? .status(status, "Forbidden", "no") : nil }
            #expect(await served.failure().contains("status \(status)") || status == 404)
            #expect(server.requests.count { $0.kind == .page } == 1)
        }
        #expect(served.peers.isEmpty && served.monitor.status.lists == 0)
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
}

import HTTPTransport
import TestSupport
import Testing

/// Verdicts of peers that leave and come back.
struct VerdictMemorySystemTests {
    private static let peer = "10.0.0.1:80"
    private static let others = ["10.0.0.2:80", "10.0.0.3:80"]

    private func eject(_ server: LookasideProcess) async throws {
        try await server.report(#""error":"connect""#, times: 5, of: Self.peer)
        try await server.waitForEvent("ejected", of: Self.peer)
    }

    private func expectStillEjected(_ server: LookasideProcess) async throws {
        let explained = try await server.explanation(of: Self.peer)
        #expect(explained.health == "ejected" && !explained.eligible && explained.reason == "ejected: 5 failures in a row")
        #expect(try await server.picked(100) == Set(Self.others))
        #expect(try await server.events().map(\.to) == ["ejected"])
    }

    @Test func `an ejected peer that is taken out of the file and put back is still ejected`() async throws {
        func file(_ peers: [String]) -> String { "services:\n  web:\n" + peers.map { "    \"\($0)\": {}\n" }.joined() }
        let server = try await LookasideProcess(configuration: "", files: ["peers.yaml": file([Self.peer] + Self.others)])
        try await server.wait("three peers") { try await server.weights("web")?.count == 3 }
        try await eject(server)
        for _ in 1...3 {
            try server.write("peers.yaml", file(Self.others))
            try await server.wait("two peers") { try await server.weights("web")?.count == 2 }
            try server.write("peers.yaml", file([Self.peer] + Self.others))
            try await server.wait("three peers") { try await server.weights("web")?.count == 3 }
            try await expectStillEjected(server)
        }
        // The service itself may go and come back.
        try server.write("peers.yaml", "services: {}")
        try await server.wait("nobody") { try await server.get("/pick/web").status == 503 }
        try server.write("peers.yaml", file([Self.peer] + Self.others))
        try await server.wait("three peers") { try await server.weights("web")?.count == 3 }
        try await expectStillEjected(server)
    }

    @Test func `an ejected peer is still ejected when etcd was listed again, also when it was gone meanwhile`() async throws {
        let prefix = "/v1/testing/services/web/"
        let etcd = try await EtcdProcess()
        let proxy = try FaultProxy(to: etcd.port)
        for peer in [Self.peer] + Self.others { try etcd.put(prefix + peer, "{}") }
        let server = try await LookasideProcess(configuration: "sources:\n  - etcd: { endpoints: [\(proxy.url)] }")
        try await server.wait("three peers") { try await server.weights("web")?.count == 3 }
        try await eject(server)
        try etcd.delete(prefix + Self.peer)
        try await server.wait("two peers") { try await server.weights("web")?.count == 2 }
        proxy.set(.refuse)
        try etcd.put(prefix + Self.peer, #"{"weight":50}"#)
        try etcd.compact()
        proxy.set(.forward)
        try await server.wait("a second list with the peer") {
            let weight = try await server.weights("web")?[Self.peer]
            return try await server.source().lists == 2 && weight == 50
        }
        try await expectStillEjected(server)
    }
}

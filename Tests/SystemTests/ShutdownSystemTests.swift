import Foundation
import Glibc
import HTTPTransport
import TestSupport
import Testing

/// SIGTERM, while the server is busy.
struct ShutdownSystemTests {
    private static let peers = #"services: { web: { "10.0.0.1:80": {}, "10.0.0.2:80": {} } }"#

    @Test(arguments: [SIGTERM, SIGINT])
    func `under load no answer is cut and the exit status is 0`(signal: Int32) async throws {
        let server = try await LookasideProcess(configuration: "", files: ["peers.yaml": Self.peers])
        try await server.waitFor("web", ["10.0.0.1:80": 100, "10.0.0.2:80": 100])
        let picking = Collected<Int>()
        let clients = try (0..<8).map { number in
            // Of its own, so that nobody is about to connect when the stop begins: that might be reset.
            let client = try HTTPClient(configuration: .init())
            return Task { () -> HTTPTransportError? in
                var picks = 0
                do {
                    while true {
                        let answer = try await client.send(.init(url: "http://127.0.0.1:\(server.port)/pick/web"), timeout: .seconds(20))
                        #expect(answer.status == 200)
                        _ = try JSONDecoder().decode(PickBody.self, from: Data(answer.body))
                        picks += 1
                        if picks == 10 { picking.append(number) }
                    }
                } catch let error as HTTPTransportError {
                    return error
                } catch {
                    Issue.record("\(error)")
                    return nil
                }
            }
        }
        try await server.wait("every client picks") { picking.all.count == 8 }
        server.signal(signal)
        #expect(try await server.exitStatus() == 0)
        for client in clients {
            let error = await client.value
            // Told to leave, a client finds the port closed: nothing was cut.
            #expect(error?.code == .couldNotConnect, "\(error.map { "\($0)" } ?? "")")
        }
    }

    @Test func `a hundred large answers that are being built are all sent whole`() async throws {
        let lines = (0..<5000).map { #"    "10.0.\#($0 / 250).\#($0 % 250):80": { weight: \#($0 % 7 + 1) }"# }
        let server = try await LookasideProcess(
            configuration: "shutdown_timeout: 60",
            files: ["peers.yaml": "services:\n  big:\n\(lines.joined(separator: "\n"))\n"]
        )
        try await server.wait("5,000 peers") { try await server.get("/pick/big").status == 200 }
        let connections = try (0..<100).map { _ in try RawHTTPClient(port: server.port) }
        for connection in connections { #expect(try connection.request("GET", "/healthz").status == 200) }
        for connection in connections { try connection.send("GET /peers/big HTTP/1.1\r\nHost: x\r\n\r\n") }
        server.signal(SIGTERM)
        try await server.wait("the stop has begun") { server.log.contains("stopping") }
        for connection in connections {
            let answer = try connection.readResponse()
            #expect(answer.status == 200)
            #expect(try JSONDecoder().decode(PeersBody.self, from: Data(answer.body)).peers.count == 5000)
        }
        #expect(try await server.exitStatus() == 0)
    }

    @Test func `a second signal ends at once, with status 0`() async throws {
        let server = try await LookasideProcess(configuration: "shutdown_timeout: 60", files: ["peers.yaml": Self.peers])
        try await server.waitFor("web", ["10.0.0.1:80": 100, "10.0.0.2:80": 100])
        // A request that never ends keeps the drain waiting.
        let connection = try RawHTTPClient(port: server.port)
        try connection.send("GET /pick/web HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nx")
        #expect(try await server.get("/healthz").status == 200)
        server.signal(SIGTERM)
        try await server.wait("the stop has begun") { server.log.contains("stopping") }
        server.signal(SIGTERM)
        let began = ContinuousClock.now
        #expect(try await server.exitStatus() == 0)
        #expect(began.duration(to: .now) < .seconds(5))
        withExtendedLifetime(connection) {}
    }
}

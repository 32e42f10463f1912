import Foundation
import Glibc
import HTTPTransport
import TestSupport
import Testing

/// The state file of a fleet of thousands, and what a server that dies while it writes leaves behind.
struct StateFileScaleTests {
    private static let prefix = "/v1/testing/services/"
    private static let services = 50
    private static let peersPerService = 100
    private let etcd: EtcdProcess
    private let server: LookasideProcess

    init() async throws {
        etcd = try await EtcdProcess()
        for service in 0..<Self.services {
            let peers = (0..<Self.peersPerService).map { ("\(Self.prefix)service-\(service)/10.0.\(service).\($0):80", $0 + 1) }
            try etcd.commit(peers.map { .put($0, #"{"weight":\#($1)}"#) })
        }
        server = try await LookasideProcess(configuration: "sources: [{ etcd: { endpoints: [\(etcd.url)] } }]\nstate_file: state.json")
        try await server.wait("every peer", within: .seconds(60)) { try await server.source().peers == Self.services * Self.peersPerService }
    }

    private var files: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: server.directory.path).filter { $0.hasPrefix("state.json") } }
    }

    @Test func `a server that starts while etcd is down picks every service of thousands of peers`() async throws {
        try await server.wait("a save", within: .seconds(60)) { try files.contains("state.json") }
        etcd.kill()
        try await server.restart()
        let answer = try await server.get("/pick/service-0")
        #expect(try JSONDecoder().decode(PickBody.self, from: Data(answer.body)).stale == true)
        for service in 0..<Self.services { #expect(try await server.weights("service-\(service)")?.count == Self.peersPerService) }
    }

    @Test func `a server that is killed while it writes leaves a file that is whole`() async throws {
        try await server.wait("a save", within: .seconds(60)) { try files.contains("state.json") }
        for round in 1...4 {
            try etcd.put("\(Self.prefix)service-0/10.0.0.0:80", #"{"weight":\#(100 + round)}"#)
            let deadline = ContinuousClock.now + .seconds(30)
            // No pause between two looks: it is there for a moment only.
            while try !files.contains(where: { $0.hasSuffix(".new") }), ContinuousClock.now < deadline {}
            try await server.restart()
            #expect(server.log.contains("serving the state file until the sources deliver"))
            #expect(!server.log.contains("the state file cannot be used"))
            try await server.wait("the change") { try await server.weights("service-0")?["10.0.0.0:80"] == Double(100 + round) }
        }
        // At least one was killed in the middle of a write, so that this is about what it says.
        #expect(try files.contains { $0.hasSuffix(".new") })
    }
}

import Discovery
import DiscoveryTestSupport
import EtcdSource
import Foundation
import Glibc
import HTTPTransport
import Synchronization
import TestSupport
import Testing

/// Networks that swallow, and connections that end over and over.
@Suite(.serialized)
struct ReconnectTests {
    private func key(_ peer: String) -> String { ServedEtcd.prefix + peer }

    @Test(arguments: [EtcdSource.Configuration.API.v3, .v2])
    func `a network that swallows everything without closing is noticed, and nothing is lost`(api: EtcdSource.Configuration.API) async throws {
        let etcd = try await EtcdProcess(arguments: api == .v2 ? EtcdProcess.keysArguments : [])
        func put(_ peer: String, weight: Int) throws {
            let value = #"{"weight":\#(weight)}"#
            if api == .v2 { try etcd.setKey(key(peer), value) } else { try etcd.put(key(peer), value) }
        }
        let proxy = try FaultProxy(to: etcd.port)
        try put("web/10.0.0.1:80", weight: 1)
        let served = try ServedEtcd(
            .init(endpoints: [proxy.url], api: api, requestTimeout: .milliseconds(500), idleTimeout: .milliseconds(500))
        )
        try await served.running {
            #expect(try await served.eventually { served.monitor.status.phase == .watching })
            for weight in 2...4 {
                proxy.set(.stall)
                try put("web/10.0.0.\(weight):80", weight: weight)
                #expect(try await served.eventually { served.monitor.status.phase == .backoff })
                #expect(served.monitor.status.lastError.contains("no headers within 0.5 seconds"))
                #expect(served.peers.count == weight - 1)
                proxy.set(.forward)
                #expect(try await served.eventuallyEquals(etcd))
            }
        }
        if api == .v3 { #expect(served.monitor.status.lists == 1) }
    }

    @Test func `a certificate that is replaced while a watch is being opened takes effect on it`() async throws {
        let header = #""header":{"cluster_id":"7","revision":"5","raft_term":"2"}"#
        let certificates = try TestCertificates()
        let watches = Atomic(0)
        try await withTemporaryFile(try String(contentsOfFile: certificates.authority.certificate, encoding: .utf8)) { file in
            let server = try ScriptedHTTPServer { connection in
                while try connection.receiveRequest().target != "/v3/watch" { try connection.respond(body: "{\(header)}") }
                if watches.add(1, ordering: .relaxed).newValue == 1 {
                    try Data(contentsOf: URL(filePath: certificates.otherAuthority.certificate)).write(to: file)
                }
                try connection.beginChunks()
                try connection.sendChunk(#"{"result":{\#(header),"created":true}}"# + "\n")
                while true {
                    usleep(100_000)
                    try connection.sendChunk(#"{"result":{\#(header)}}"# + "\n")
                }
            }
            defer { server.stop() }
            let served = try ServedEtcd(.init(endpoints: [server.url], tls: .init(caFile: file.path)))
            #expect(try await served.running { try await served.eventually { watches.load(ordering: .relaxed) == 2 } })
        }
    }

    private var openDescriptors: Int {
        get throws { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
    }

    /// The resident memory of this process, in bytes.
    private var residentMemory: Int {
        get throws {
            let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
            return (Int(fields[1]) ?? 0) * 4096
        }
    }

    @Test func `descriptors and memory stay flat over two hundred connections that end in every way`() async throws {
        let header = #""header":{"cluster_id":"7","revision":"5","raft_term":"2"}"#
        let server = try ScriptedHTTPServer { connection in
            while try connection.receiveRequest().target != "/v3/watch" { try connection.respond(body: "{\(header)}") }
            if connection.index % 4 == 0 { return try connection.respond(status: 503, body: "{}") }
            try connection.beginChunks()
            try connection.sendChunk(#"{"result":{\#(header),"created":true}}"# + "\n")
            switch connection.index % 4 {
            case 1: try connection.endChunks()
            case 2: try connection.reset()
            // Cut in the middle of a line, or left open for the client to close.
            default: try connection.sendChunk(#"{"result":"#)
            }
        }
        defer { server.stop() }
        let served = try ServedEtcd(url: server.url)
        for _ in 0..<50 { _ = await served.failure() }
        let (descriptors, memory) = (try openDescriptors, try residentMemory)
        for _ in 0..<200 { _ = await served.failure() }
        #expect(server.connectionCount >= 250)
        // The last ones may not be closed yet.
        #expect(try openDescriptors <= descriptors + 8)
        #expect(try residentMemory <= memory + 8 << 20)
    }
}

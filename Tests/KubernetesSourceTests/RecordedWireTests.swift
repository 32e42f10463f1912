import Discovery
import DiscoveryTestSupport
import Foundation
import TestSupport
import Testing

@testable import KubernetesSource

/// The bytes of a real API server, sent over real connections.
struct RecordedWireTests {
    private static let end = ["web/192.0.2.21:8080": "up", "web/192.0.2.22:8080": "up", "web/192.0.2.23:8080": "down"]

    /// What the server says of one object by its name: as it was at a version, or is now.
    private static func proof(of name: String, at version: Int?, _ events: [WatchEvent], list: ObjectList) -> String {
        var items: [String: String] = [:]
        for event in (list.items ?? []).map({ WatchEvent.written($0) }) + events where event.version <= version ?? .max {
            switch event {
            case .written(let object):
                let metadata = object.metadata
                items[metadata?.name ?? ""] =
                    #"{"name":"\#(metadata?.name ?? "")","namespace":"lab","uid":"\#(metadata?.uid ?? "")","resourceVersion":"\#(event.version)"}"#
            case .deleted(let object): items[object.metadata?.name ?? ""] = nil
            case .bookmark, .error: break
            }
        }
        let item = items[name].map { #"{"metadata":\#($0)}"# } ?? ""
        return #"{"kind":"EndpointsList","apiVersion":"v1","metadata":{"resourceVersion":"\#(version ?? 300)"},"items":[\#(item)]}"#
    }

    /// Lists by recording 01, and sends so many bytes of a watch before the connection ends; what comes after that is asked for again.
    private func server(cutting watch: Recording, at cut: Int) throws -> ScriptedHTTPServer {
        let list = try Recording("01")
        let objects = try list.list()
        let events = try watch.events()
        let lines = watch.lines
        let watches = Counter()
        return try ScriptedHTTPServer { connection in
            while true {
                let target = try connection.receiveRequest().target
                if target.contains("fieldSelector") {
                    let version = target.firstMatch(of: /resourceVersion=(\d+)/).flatMap { Int($0.1) }
                    let name = target.contains("tmp") ? "tmp" : "web"
                    try connection.respond(body: Self.proof(of: name, at: version, events, list: objects))
                } else if !target.contains("watch=true") {
                    try connection.send(list.bytes)
                } else if watches.next() == 1 {
                    try connection.send(watch.bytes.prefix(cut))
                    return
                } else {
                    let known = Int(target.firstMatch(of: /resourceVersion=(\d+)/)?.1 ?? "") ?? 0
                    try connection.beginChunks()
                    for (line, event) in zip(lines, events) where event.version > known { try connection.sendChunk(line + [UInt8(ascii: "\n")]) }
                    try connection.endChunks()
                }
            }
        }
    }

    @Test func `a watch that is cut anywhere on the wire and begun again comes to the same end`() async throws {
        let watch = try Recording("20")
        // Every place in a line, of chunk and of head is met.
        for cut in stride(from: 0, through: watch.bytes.count, by: 11) {
            let server = try server(cutting: watch, at: cut)
            defer { server.stop() }
            let served = try ServedKubernetes(server.url) { $0.resource = .endpoints }
            _ = await served.failure()
            // The second watch has something to bring, but for the last bytes of the first.
            _ = await served.failure()
            try await served.waitFor(Self.end)
            try #require(served.monitor.status.lists == 1 && served.monitor.status.revision == "228", "cut at \(cut)")
        }
    }

    @Test(arguments: [("03", 5), ("05", 6)])
    func `a list that is cut anywhere on the wire is not seen, and the next one is`(recording: String, count: Int) async throws {
        let list = try Recording(recording).bytes
        for cut in stride(from: 0, to: list.count, by: 173) {
            let lists = Counter()
            let server = try ScriptedHTTPServer { connection in
                while true {
                    let isWatch = try connection.receiveRequest().target.contains("watch=true")
                    guard !isWatch else { return try connection.waitForClose() }
                    guard lists.next() > 1 else { return try connection.send(list.prefix(cut)) }
                    try connection.send(list)
                }
            }
            defer { server.stop() }
            let served = try ServedKubernetes(server.url) { $0.namespace = "*" }
            try #require(await served.failure() != "no failure", "cut at \(cut)")
            #expect(served.peers.isEmpty && served.monitor.status.lists == 0)
            try await served.running { try await served.wait { served.peers.count == count } }
        }
    }

    @Test(arguments: [
        ("10", "does not know a client without token and certificate (status 401)"), ("11", "cannot list resource \"endpoints\""),
        ("12", "User \"limiteduser\" cannot list"), ("13", "the answer has status 400: Kubernetes says: invalid resource version"),
        ("15", "the answer has status 504: Kubernetes says: Timeout: Too large resource version"),
        ("17", "the API server does not serve v1 endpoints"), ("39", "the answer has status 410: Kubernetes says: The resourceVersion"),
        ("65", "cannot list resource \"endpoints\" in API group \"\" at the cluster scope"),
        ("67", "the answer has status 429: Kubernetes says: Too many requests, please try again later."),
        ("74", "the answer has status 504: Kubernetes says: Timeout: request did not complete within the allotted timeout"),
    ])
    func `a refusal is shown in the API server's own words`(recording: String, words: String) async throws {
        let bytes = try Recording(recording).bytes
        let server = try ScriptedHTTPServer { connection in
            while true {
                _ = try connection.receiveRequest()
                try connection.send(bytes)
            }
        }
        defer { server.stop() }
        let served = try ServedKubernetes(server.url) { $0.resource = .endpoints }
        #expect(await served.failure().contains(words))
        #expect(served.peers.isEmpty)
    }

    @Test(arguments: [("15", 1), ("67", 1), ("74", 0)])
    func `the time that an answer asks for is obeyed`(recording: String, seconds: Int) async throws {
        let bytes = try Recording(recording).bytes
        let server = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.send(bytes)
        }
        defer { server.stop() }
        #expect(await (try ServedKubernetes(server.url) { $0.resource = .endpoints }).delay() == .seconds(seconds))
    }

    @Test func `lists in chunks and lists of any size are read`() async throws {
        for (recording, count) in [("05", 6), ("69", 3000)] {
            let list = try Recording(recording).bytes
            let server = try ScriptedHTTPServer { connection in
                while true {
                    let isWatch = try connection.receiveRequest().target.contains("watch=true")
                    guard !isWatch else { return try connection.waitForClose() }
                    try connection.send(list)
                }
            }
            defer { server.stop() }
            let served = try ServedKubernetes(server.url) { $0.namespace = "*" }
            try await served.running { try await served.wait { served.peers.count == count } }
        }
    }
}

extension WatchEvent {
    fileprivate var version: Int {
        switch self {
        case .written(let object), .deleted(let object), .bookmark(let object): Int(object.metadata?.resourceVersion ?? "") ?? 0
        case .error: 0
        }
    }
}

import Foundation
import HTTPTransport
import Testing

/// The answer of `/events`.
struct EventsBody: Decodable {
    struct Event: Decodable {
        let service: String
        let peer: String
        let from: String
        let to: String
        let reason: String
        let evidence: ExplanationBody.Peer.Evidence?
    }

    let index: Int
    let events: [Event]
}

/// The answer of `/explain/{service}`.
struct ExplanationBody: Decodable {
    struct Peer: Decodable {
        struct Evidence: Decodable {
            let requests: Int
            let failures: Int
            let run: Int
        }

        let peer: String
        let eligible: Bool
        let health: String
        let reason: String
        let evidence: Evidence
    }

    let policy: String
    let panic: Bool
    let eligible: Int
    let candidates: Int
    let peers: [Peer]
}

/// Outcomes to report: an array of JSON in the making.
struct Report {
    private var items: [String] = []

    /// Adds outcomes of a peer, such as `"status":500`, one after the other or as one with a count.
    mutating func add(_ result: String, of peer: String, service: String = "web", reporter: String? = nil, times: Int = 1, count: Int = 1) {
        let reporter = reporter.map { #","reporter":"\#($0)""# } ?? ""
        let item = #"{"service":"\#(service)","peer":"\#(peer)",\#(result),"count":\#(count)\#(reporter)}"#
        items += Array(repeating: item, count: times)
    }

    var json: String { "[" + items.joined(separator: ",") + "]" }
}

extension LookasideProcess {
    /// Reports outcomes, all of which have to be accepted.
    func report(_ report: Report) async throws {
        let answer = try await post("/report", report.json)
        let text = String(decoding: answer.body, as: UTF8.self)
        #expect(answer.status == 200 && text.contains(#""rejected":0"#), "\(text)")
    }

    /// Reports one kind of outcome of a peer, one after the other.
    func report(_ result: String, times: Int, of peer: String, service: String = "web") async throws {
        var outcomes = Report()
        outcomes.add(result, of: peer, service: service, times: times)
        try await report(outcomes)
    }

    /// Every event so far.
    func events() async throws -> [EventsBody.Event] { try await json("/events", as: EventsBody.self).events }

    /// Waits until there is an event of a peer that has changed to a health.
    func waitForEvent(_ to: String, of peer: String) async throws {
        try await wait("\(peer) to be \(to)") { try await events().contains { $0.peer == peer && $0.to == to && $0.from != to } }
    }

    /// What is explained of a peer.
    func explanation(of peer: String, service: String = "web") async throws -> ExplanationBody.Peer {
        let body = try await json("/explain/\(service)", as: ExplanationBody.self)
        return try #require(body.peers.first { $0.peer == peer })
    }

    /// How often each peer is in a lease.
    func lease(_ count: Int, of service: String = "web") async throws -> [String: Int] {
        let answer = try await get("/pick/\(service)?n=\(count)&format=text")
        guard answer.status == 200 else { return [:] }
        return String(decoding: answer.body, as: UTF8.self).split(separator: "\n").reduce(into: [:]) { $0[String($1), default: 0] += 1 }
    }

    /// The peers that are in a lease of some picks.
    func picked(_ count: Int, of service: String = "web") async throws -> Set<String> {
        Set(try await lease(count, of: service).keys)
    }
}

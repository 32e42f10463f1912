import Foundation
import HTTPTransport
import TestSupport
import Testing

/// Random changes of what etcd holds, the same for the same seed, and what the server must show after them.
struct RandomEtcdChanges {
    /// The two protocols of etcd.
    enum API: String {
        case v3, v2
    }

    private struct Value: Codable {
        var weight: Double
        var status = "up"
    }

    private static let prefix = "/v1/testing/services/"
    /// No random change takes this peer away, so that a pick of any service has an answer at any time.
    private static let lastingPeer = "10.9.9.9:80"
    static let services = ["a", "b.c", "d-e", "f_1"]

    let api: API
    /// The members that take changes now, the first that works.
    var members: [EtcdProcess]
    var generator: SeededGenerator

    /// Makes changes: one key in a revision, or several where the API allows.
    mutating func make(_ count: Int) async throws {
        if api == .v2 { return try makeOneByOne(count) }
        var rest = count
        while rest > 0 {
            // A transaction names a key once.
            var changes: [String: EtcdProcess.Change] = [:]
            for _ in 0..<min(rest, Int.random(in: 1...8, using: &generator)) {
                let (key, change) = try next()
                changes[key] = change
                rest -= 1
            }
            try await commit(changes.sorted { $0.key < $1.key }.map(\.value))
        }
    }

    /// Commits to the first member that takes it: one that was left by its leader takes nothing until there is another. A second time it
    /// changes nothing.
    private func commit(_ changes: [EtcdProcess.Change]) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            for member in members where (try? member.commit(changes)) != nil { return }
            guard ContinuousClock.now < deadline else { return try members[0].commit(changes) }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private mutating func makeOneByOne(_ count: Int) throws {
        // Nobody picks from it: its directory comes and goes.
        let directory = Self.prefix + "gone"
        let etcd = members[0]
        for _ in 0..<count {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0: try etcd.deleteIfThere(directory)
            case 1...3: try etcd.setKey("\(directory)/10.0.0.\(Int.random(in: 1...9, using: &generator)):80", try json(Value(weight: 1)))
            default:
                switch try next().1 {
                case .put(let key, let value): try etcd.setKey(key, value)
                case .delete(let key): try etcd.deleteIfThere(key)
                }
            }
        }
    }

    private mutating func next() throws -> (String, EtcdProcess.Change) {
        let service = Self.services.randomElement(using: &generator) ?? ""
        let peer = Int.random(in: 0...20, using: &generator)
        guard peer > 0 else {
            let key = "\(Self.prefix)\(service)/\(Self.lastingPeer)"
            return (key, .put(key, try json(Value(weight: Double.random(in: 1...100, using: &generator)))))
        }
        let key = "\(Self.prefix)\(service)/10.0.0.\(peer):80"
        if Int.random(in: 0..<3, using: &generator) == 0 { return (key, .delete(key)) }
        let status = Bool.random(using: &generator) ? "up" : "down"
        return (key, .put(key, try json(Value(weight: Double(Int.random(in: 0...5, using: &generator)), status: status))))
    }

    private func json(_ value: Value) throws -> String { String(decoding: try JSONEncoder().encode(value), as: UTF8.self) }

    /// Puts the peers that every service has at any time.
    func putLastingPeers() async throws {
        for service in Self.services {
            let key = "\(Self.prefix)\(service)/\(Self.lastingPeer)"
            switch api {
            case .v3: try await commit([.put(key, try json(Value(weight: 1)))])
            case .v2: try members[0].setKey(key, try json(Value(weight: 1)))
            }
        }
    }

    /// Has etcd forget what has changed so far.
    func forgetHistory() throws {
        switch api {
        case .v3: try members[0].compact()
        case .v2: try members[0].forgetKeyChanges()
        }
    }
}

// MARK: - What the server must show

extension RandomEtcdChanges {
    /// Every peer of every service as etcd has it now: `service/host:port weight state`.
    private func peers() async throws -> [String] {
        try await values().map { key, text in
            let value = try JSONDecoder().decode(Value.self, from: Data(text.utf8))
            return "\(key) \(value.weight) \(value.status)"
        }.sorted()
    }

    /// What the first member has that answers: one that was left by its leader does not until there is another.
    private func values() async throws -> [String: String] {
        func values(of member: EtcdProcess) throws -> [String: String] {
            try api == .v3 ? member.keyValues(under: Self.prefix) : member.keyNodes(below: Self.prefix)
        }
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            for member in members { if let values = try? values(of: member) { return values } }
            guard ContinuousClock.now < deadline else { return try values(of: members[0]) }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// The same, as the server shows it.
    private func peers(of server: LookasideProcess) async throws -> [String] {
        var lines: [String] = []
        for service in try await server.json("/peers", as: ServicesBody.self).services {
            let answer = try await server.get("/peers/\(service.service)")
            // A service without peers is forgotten after a while.
            guard answer.status == 200 else { continue }
            let body = try JSONDecoder().decode(PeersBody.self, from: Data(answer.body))
            lines += body.peers.map { "\(service.service)/\($0.peer) \($0.weight) \($0.state)" }
        }
        return lines.sorted()
    }

    /// Waits until the server shows what a fresh list of etcd does.
    func compare(with server: LookasideProcess, _ scene: Comment) async throws {
        let expected = try await peers()
        #expect(expected.count >= Self.services.count)
        var shown: [String] = []
        let deadline = ContinuousClock.now + .seconds(45)
        repeat {
            shown = try await peers(of: server)
            if shown == expected { return }
            try await Task.sleep(for: .milliseconds(20))
        } while ContinuousClock.now < deadline
        #expect(shown == expected, scene)
    }
}

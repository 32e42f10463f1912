import Foundation
import Glibc
import HTTPTransport
import Testing

/// Verdicts by reports alone, seen from outside; active checks are off.
struct LogCheckSystemTests {
    private static let peers = (1...4).map { "10.0.0.\($0):80" }

    private func start(_ settings: String, peers: [String] = peers) async throws -> LookasideProcess {
        let file = "services:\n  web:\n" + peers.map { "    \"\($0)\": { slow_start: 0 }\n" }.joined()
        let server = try await LookasideProcess(configuration: settings, files: ["peers.yaml": file])
        try await server.wait("all peers") { try await server.weights("web")?.count == peers.count }
        return server
    }

    // MARK: Runs

    @Test func `four failures in a row eject nobody, five eject at once`() async throws {
        let server = try await start("")
        try await server.report(#""error":"timeout""#, times: 4, of: Self.peers[0])
        #expect(try await server.picked(40).count == 4)
        try await server.report(#""status":503"#, times: 1, of: Self.peers[0])
        try await server.waitForEvent("ejected", of: Self.peers[0])
        #expect(try await server.picked(40) == Set(Self.peers.dropFirst()))
        let explained = try await server.explanation(of: Self.peers[0])
        #expect(!explained.eligible && explained.health == "ejected" && explained.reason == "ejected: 5 failures in a row")
    }

    /// How long an ejection lasts by its event: to a tenth of a second.
    private func length(_ event: EventsBody.Event) throws -> Double {
        let text = try #require(event.reason.firstMatch(of: /, for (\d+\.\d) s$/)?.1, "\(event.reason)")
        return try #require(Double(text))
    }

    @Test func `an ejected peer is picked by nobody until its time is over, then it is back, and nothing counts against it`() async throws {
        let peer = Self.peers[0]
        let server = try await start("log_check: { recover: 5, interval: 0.2 }")
        let follower = EventFollower(server)
        let clients = (0..<2).map { _ in PickingClient(server, service: "web", pause: .milliseconds(1)) }
        /// Waits for so many picks that everybody who may be picked is among them.
        func waitForPicks() async throws {
            let before = clients.map(\.pickCount)
            try await server.wait("picks") { zip(clients, before).allSatisfy { $0.pickCount > $1 + 50 } }
        }
        try await waitForPicks()

        let reported = ContinuousClock.now
        try await server.report(#""error":"reset""#, times: 5, of: peer)
        let left = try await follower.wait(for: "ejected", of: peer)
        let length = try length(left.event)
        #expect((4.5...5.5).contains(length), "5 s, a tenth either way, shown to a tenth of a second")
        // Enough to eject it again at the next sweep, if they were evidence.
        try await server.report(#""status":500"#, times: 20, of: peer)
        let evidence = try await server.explanation(of: peer).evidence
        #expect(evidence.requests == 5 && evidence.failures == 5 && evidence.run == 5, "what it was ejected for, and nothing since")

        let back = try await follower.wait(for: "unchecked", of: peer)
        #expect(back.event.from == "ejected" && back.event.reason == "readmitted: its time is over")
        #expect(reported.duration(to: back.at) >= .seconds(length - 0.05))
        try await waitForPicks()
        try await server.report(#""status":500"#, times: 4, of: peer)
        try await Task.sleep(for: .seconds(0.5))
        #expect(try await follower.events(of: peer).map(\.to) == ["ejected", "unchecked"], "two sweeps found nothing")
        let explained = try await server.explanation(of: peer)
        #expect(explained.eligible && explained.reason == "" && explained.evidence.run == 4)
        // The fifth in a row. The second time is twice as long, while the first is not forgiven.
        try await server.report(#""status":500"#, times: 1, of: peer)
        let second = try await follower.wait(for: "ejected", of: peer, after: back.at)
        #expect((9...11).contains(try self.length(second.event)))
        // The running second is no part of the statistics.
        try await server.wait("all failures in the statistics") { try await server.json("/stats/web", as: TrafficBody.self).failures == 30 }

        var picks: [PickingClient.Pick] = []
        for client in clients { picks += try await client.stopped() }
        #expect(picks.allSatisfy { $0.status == 200 && !$0.isPanic })
        let out = picks.filter { $0.sent >= left.at && $0.answered < reported + .seconds(length - 0.05) }
        #expect(out.count > 50 && !out.contains { $0.peer == peer })
        #expect(picks.contains { $0.sent < reported && $0.peer == peer })
        #expect(picks.contains { $0.sent > back.at && $0.peer == peer })
    }

    @Test func `a peer is readmitted when its time is over, not at the next sweep`() async throws {
        let server = try await start("log_check: { recover: 1, interval: 3600 }")
        let follower = EventFollower(server)
        let reported = ContinuousClock.now
        try await server.report(#""error":"reset""#, times: 5, of: Self.peers[0])
        let left = try await follower.wait(for: "ejected", of: Self.peers[0])
        let back = try await follower.wait(for: "unchecked", of: Self.peers[0])
        let length = try length(left.event)
        #expect(reported.duration(to: back.at) >= .seconds(length - 0.05))
        // By the design 0.2 s; the rest is for a busy machine.
        #expect(left.at.duration(to: back.at) < .seconds(length + 3))
        #expect(try await server.picked(40) == Set(Self.peers))
    }

    // MARK: Shares

    @Test func `nine requests eject nobody however many fail, ten do if more than half of them fail`() async throws {
        let server = try await start("log_check: { interval: 0.5, consecutive_failures: 0 }")
        var outcomes = Report()
        for (peer, (failures, successes)) in zip(Self.peers, [(9, 0), (5, 5), (6, 4)]) {
            outcomes.add(#""status":500"#, of: peer, times: failures)
            outcomes.add(#""status":200"#, of: peer, times: successes)
        }
        try await server.report(outcomes)
        try await server.waitForEvent("ejected", of: Self.peers[2])
        try await Task.sleep(for: .seconds(0.6))
        #expect(try await server.events().map(\.peer) == [Self.peers[2]])
    }

    @Test func `of a peer that fails 60 % and one that fails 40 % the first is ejected at the next sweep`() async throws {
        let server = try await start("log_check: { interval: 2 }")
        let follower = EventFollower(server)
        let began = ContinuousClock.now
        while began.duration(to: .now) < .seconds(4.4) {
            var outcomes = Report()
            for number in 0..<10 {
                // No more than three in a row fail.
                outcomes.add(number % 2 == 0 || number == 9 ? #""status":500"# : #""status":200"#, of: Self.peers[0])
                outcomes.add(number % 2 == 0 && number < 8 ? #""error":"timeout""# : #""status":200"#, of: Self.peers[1])
                for peer in Self.peers.suffix(2) { outcomes.add(#""status":200"#, of: peer) }
            }
            try await server.report(outcomes)
            #expect(try await follower.events(of: Self.peers[1]).isEmpty)
            try await Task.sleep(for: .milliseconds(20))
        }
        let seen = try await follower.wait(for: "ejected", of: Self.peers[0])
        let took = began.duration(to: seen.at)
        #expect(took >= .seconds(2) && took < .seconds(4), "one interval, not two")
        // A sweep may come in the middle of a report.
        let evidence = try #require(seen.event.evidence)
        #expect((0.55...0.65).contains(Double(evidence.failures) / Double(evidence.requests)))
        let explained = try await server.explanation(of: Self.peers[0]).reason
        #expect(explained.hasPrefix("ejected: failure ratio 0.") && explained.hasSuffix(" over \(evidence.requests) requests in 10 s"))
        #expect(seen.event.reason.hasPrefix(explained))
        for peer in Self.peers.dropFirst() { #expect(try await follower.events(of: peer).isEmpty, "two sweeps found nothing") }
    }

    // MARK: Limits

    @Test(arguments: [(5, 0.3, 3), (5, 0.5, 5), (10, 0.5, 5), (10, 1.0, 9)])
    func `however many fail no more than allowed are ejected, and the last one stays`(failing: Int, maxEjected: Double, allowed: Int) async throws {
        let peers = (1...10).map { "10.0.0.\($0):80" }
        let server = try await start("panic_threshold: 0\nlog_check: { interval: 0.2, max_ejected: \(maxEjected) }", peers: peers)
        for _ in 0..<9 {
            var outcomes = Report()
            for (position, peer) in peers.enumerated() {
                outcomes.add(position < failing ? #""status":500"# : #""status":200"#, of: peer, times: 3)
            }
            try await server.report(outcomes)
            try await Task.sleep(for: .milliseconds(50))
        }
        let events = try await server.events()
        #expect(events.count { $0.to == "ejected" } == allowed)
        let refusal = maxEjected == 1 ? "it is the last eligible peer" : "\(allowed) of 10 candidates are out, max_ejected allows \(allowed)"
        let refused = events.filter { $0.from == $0.to }
        #expect(Set(refused.map(\.peer)).count == failing - allowed && refused.allSatisfy { $0.reason.hasSuffix(": \(refusal)") })
        let picked = try await server.picked(100)
        #expect(picked.count == 10 - allowed && picked.isSuperset(of: peers.dropFirst(failing)))
    }

    @Test func `a status of the client's own making ejects nobody`() async throws {
        let server = try await start("log_check: { interval: 0.2 }")
        for peer in Self.peers { try await server.report(#""status":404"#, times: 20, of: peer) }
        try await Task.sleep(for: .seconds(0.5))
        #expect(try await server.events().isEmpty)
    }

    @Test func `peers that their operator takes out are no reason to panic, nor to eject the last one`() async throws {
        let peers = (1...10).map { "10.0.0.\($0):80" }
        let lines = peers.enumerated().map { "    \"\($0.element)\": { slow_start: 0, status: \($0.offset < 8 ? "down" : "up") }\n" }
        let server = try await LookasideProcess(configuration: "", files: ["peers.yaml": "services:\n  web:\n" + lines.joined()])
        try await server.wait("ten peers") { try await server.weights("web")?.count == 10 }
        try await server.report(#""error":"connect""#, times: 5, of: peers[8])
        try await server.waitForEvent("ejected", of: peers[8])
        try await server.report(#""error":"connect""#, times: 5, of: peers[9])
        try await server.wait("the refusal") {
            try await server.events().contains { $0.peer == peers[9] && $0.reason.contains("last eligible peer") }
        }
        for _ in 0..<10 {
            let pick = try await server.json("/pick/web", as: PickBody.self)
            #expect(pick.peer == peers[9] && pick.panic == nil)
        }
    }

    // MARK: Other settings

    @Test func `SIGHUP takes over other thresholds, and an invalid file changes nothing`() async throws {
        let server = try await start("log_check: { recover: 60 }")
        try server.write("lookaside.yaml", "workers: many\n")
        server.signal(SIGHUP)
        try await server.wait("the refusal") { server.log.contains("the configuration is not valid, the old one stays") }
        try server.write("lookaside.yaml", "listen: 127.0.0.1:1\nhealth_check: { enabled: false }\nlog_check: { consecutive_failures: 2 }\n")
        server.signal(SIGHUP)
        try await server.wait("the reload") { server.log.contains("need a restart") }
        try await server.report(#""error":"reset""#, times: 2, of: Self.peers[0])
        try await server.waitForEvent("ejected", of: Self.peers[0])
    }
}

/// The answer of `/stats/{service}`.
private struct TrafficBody: Decodable {
    let failures: Int
}

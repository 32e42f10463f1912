import Foundation
import Testing

/// Active checks of real peers that fail in different ways, seen by clients that pick all the time.
struct ActiveCheckSystemTests {
    /// The longest that a change of health may take, and two seconds for a busy machine: the tests of the schedule are without.
    private static func limit(_ checks: Int, interval: Double, timeout: Double) -> Duration {
        .seconds((Double(checks) * interval + timeout) * 1.1 + 2)
    }

    /// A peer that fails, and what is to be found of it.
    private struct Case {
        let peer: MoodyPeer
        let mood: MoodyPeer.Mood
        let service: String
        let reason: String
        /// How many requests of a check it has taken at least when it is found unhealthy; one that refuses connections counts none.
        let requests: Int?
        /// Of its service.
        let interval: Double
        let timeout: Double

        init(_ mood: MoodyPeer.Mood, service: String, _ reason: String, requests: Int?, interval: Double, timeout: Double) throws {
            peer = try MoodyPeer()
            (self.mood, self.service, self.reason, self.requests) = (mood, service, reason, requests)
            (self.interval, self.timeout) = (interval, timeout)
        }
    }

    private func file(_ services: [String: [MoodyPeer]]) -> String {
        let lines = services.flatMap { service, peers in
            ["  \(service):"] + peers.map { "    \"\($0.address)\": { slow_start: 0 }" }
        }
        return "services:\n" + lines.joined(separator: "\n") + "\n"
    }

    @Test func `peers that fail in any way leave and come back in time, and no pick goes to them meanwhile`() async throws {
        let ill = [
            try Case(.failing, service: "web", "check failed: status 500", requests: 3, interval: 0.5, timeout: 5),
            try Case(.refusing, service: "web", "check failed: connection refused", requests: nil, interval: 0.5, timeout: 5),
            try Case(.hanging, service: "slow", "check failed: timed out", requests: 3, interval: 1, timeout: 1),
        ]
        let well = try (0..<4).map { _ in try MoodyPeer() }
        // The peers live in this process: only where one is to hang may a pause of it count as a failure, and there nobody else is probed.
        let checks = "health_check: { interval: 0.5, timeout: 5, rise: 2, fall: 3 }"
        let server = try await LookasideProcess(
            configuration: "\(checks)\nservices: { slow: { health_check: { interval: 1, timeout: 1 } } }",
            files: [
                "peers.yaml": file(["web": ill.filter { $0.service == "web" }.map(\.peer) + well])
                    + "  slow: { \"\(ill[2].peer.address)\": { slow_start: 0 }, \"10.0.0.1:80\": { check_url: \"\" } }\n"
            ]
        )
        let follower = EventFollower(server)
        for peer in ill.map(\.peer) + well { _ = try await follower.wait(for: "healthy", of: peer.address) }
        let clients = Dictionary(uniqueKeysWithValues: ["web", "slow"].map { ($0, PickingClient(server, service: $0, pause: .milliseconds(1))) })
        /// Waits for so many picks that everybody who may be picked is among them.
        func waitForPicks() async throws {
            let before = clients.mapValues(\.pickCount)
            try await server.wait("picks") { clients.allSatisfy { $1.pickCount > before[$0, default: 0] + 51 } }
        }
        try await waitForPicks()

        let began = ContinuousClock.now
        for ill in ill { try ill.peer.set(ill.mood) }
        var left: [ContinuousClock.Instant] = []
        for ill in ill {
            let seen = try await follower.wait(for: "unhealthy", of: ill.peer.address, after: began)
            if let requests = ill.requests { #expect(ill.peer.requestCount >= requests, "\(ill.mood)") }
            #expect(began.duration(to: seen.at) < Self.limit(3, interval: ill.interval, timeout: ill.timeout), "\(ill.mood)")
            #expect(seen.event.reason == ill.reason)
            let explained = try await server.explanation(of: ill.peer.address, service: ill.service)
            #expect(!explained.eligible && explained.health == "unhealthy" && explained.reason == ill.reason)
            left.append(seen.at)
        }
        try await waitForPicks()

        let wellAgain = ContinuousClock.now
        for ill in ill { try ill.peer.set(.well) }
        for ill in ill {
            let seen = try await follower.wait(for: "healthy", of: ill.peer.address, after: wellAgain)
            #expect(ill.peer.requestCount >= 2, "\(ill.mood)")
            #expect(wellAgain.duration(to: seen.at) < Self.limit(2, interval: ill.interval, timeout: ill.timeout), "\(ill.mood)")
        }
        let back = ContinuousClock.now
        try await waitForPicks()

        for (ill, left) in zip(ill, left) {
            let picks = try await clients[ill.service]?.stopped() ?? []
            #expect(picks.allSatisfy { $0.status == 200 && !$0.isPanic })
            let out = picks.filter { $0.sent >= left && $0.answered < wellAgain }
            #expect(out.count > 50 && !out.contains { $0.peer == ill.peer.address })
            #expect(picks.contains { $0.sent < began && $0.peer == ill.peer.address })
            #expect(picks.contains { $0.sent > back && $0.peer == ill.peer.address })
        }
        for peer in well { #expect(try await follower.events(of: peer.address).map(\.to) == ["healthy"]) }
    }

    @Test func `a peer that flaps does what rise and fall say`() async throws {
        // No pass may be taken for a failure because the machine is busy: nobody hangs here, so the timeout may be long.
        let flapping = try MoodyPeer(.changing([true, false]))
        let failingTwice = try MoodyPeer(.changing([true, false, false]))
        let failingThrice = try MoodyPeer(.changing([true, false, false, false]))
        let passingTwice = try MoodyPeer(.changing([true, true, false, false, false]))
        let peers = try [flapping, failingTwice, failingThrice, passingTwice] + (0..<2).map { _ in try MoodyPeer() }
        let server = try await LookasideProcess(
            configuration: "health_check: { interval: 0.05, timeout: 10, rise: 2, fall: 3 }",
            files: ["peers.yaml": file(["web": peers])]
        )
        let follower = EventFollower(server)
        try await server.wait("some rounds") { try await follower.events(of: passingTwice.address).count >= 9 }
        #expect(try await follower.events(of: flapping.address).map(\.to) == ["healthy"])
        #expect(try await follower.events(of: failingTwice.address).map(\.to) == ["healthy"])
        #expect(try await follower.events(of: failingThrice.address).map(\.to) == ["healthy", "unhealthy"])
        let changes = try await follower.events(of: passingTwice.address).map(\.to)
        #expect(changes.enumerated().allSatisfy { $0.element == ($0.offset % 2 == 0 ? "healthy" : "unhealthy") })
    }

    @Test func `peers that their operator takes out are no reason to panic, peers that fail are`() async throws {
        let peers = try (0..<2).map { _ in try MoodyPeer() }
        let down = (1...8).map { "    \"10.0.0.\($0):80\": { status: down, check_url: \"\" }\n" }.joined()
        let server = try await LookasideProcess(
            configuration: "health_check: { interval: 0.1, timeout: 2 }",
            files: ["peers.yaml": file(["web": peers]) + down]
        )
        for peer in peers { try await server.waitForEvent("healthy", of: peer.address) }
        try peers[0].set(.failing)
        try await server.waitForEvent("unhealthy", of: peers[0].address)
        for _ in 0..<10 {
            let pick = try await server.json("/pick/web", as: PickBody.self)
            #expect(pick.peer == peers[1].address && pick.panic == nil)
        }
        let explained = try await server.json("/explain/web", as: ExplanationBody.self)
        #expect(explained.eligible == 1 && explained.candidates == 2 && !explained.panic)
        try peers[1].set(.failing)
        try await server.wait("panic") { try await server.json("/pick/web", as: PickBody.self).panic == true }
        #expect(try await server.picked(40) == Set(peers.map(\.address)))
    }

    @Test(arguments: [true, false])
    func `a passing check ends an ejection only where that is configured`(readmits: Bool) async throws {
        let peers = try (0..<2).map { _ in try MoodyPeer() }
        let server = try await LookasideProcess(
            configuration: "health_check: { interval: 0.2, timeout: 2 }\nlog_check: { readmit_on_check: \(readmits) }",
            files: ["peers.yaml": file(["web": peers])]
        )
        let address = peers[0].address
        for peer in peers { try await server.waitForEvent("healthy", of: peer.address) }
        try await server.report(#""error":"timeout""#, times: 5, of: address)
        try await server.waitForEvent("ejected", of: address)
        if readmits {
            try await server.wait("readmission") { try await server.events().last { $0.peer == address }?.from == "ejected" }
            let event = try await server.events().last { $0.peer == address }
            #expect(event?.to == "healthy" && event?.reason == "readmitted: check passed: status 200")
            #expect(try await server.picked(10).contains(address))
        } else {
            // Five rounds of checks that pass.
            try await Task.sleep(for: .seconds(1))
            #expect(try await server.explanation(of: address).health == "ejected")
            #expect(try await server.events().last { $0.peer == address }?.to == "ejected")
        }
    }

    @Test func `a peer whose check is taken away is picked again`() async throws {
        let failing = try MoodyPeer(.failing)
        let well = try MoodyPeer()
        let server = try await LookasideProcess(
            configuration: "health_check: { interval: 0.1, timeout: 2 }",
            files: ["peers.yaml": file(["web": [failing, well]])]
        )
        try await server.waitForEvent("unhealthy", of: failing.address)
        #expect(try await server.picked(10) == [well.address])
        try server.write("peers.yaml", "services: { web: { \"\(failing.address)\": { slow_start: 0, check_url: \"\" }, \"\(well.address)\": {} } }")
        try await server.waitForEvent("unchecked", of: failing.address)
        #expect(try await server.picked(10) == [failing.address, well.address])
    }
}

import Foundation
import Testing

/// Active checks of real peers that fail in different ways, seen by clients that pick all the time.
struct ActiveCheckSystemTests {
    private static let interval = 0.5
    private static let timeout = 0.4
    /// What a busy machine may add to the times that the design allows.
    private static let slack = 0.25

    /// The longest that a change of health may take which needs so many results.
    private static func limit(_ results: Double) -> Duration { .seconds(1.1 * (results * interval + timeout) + slack) }

    private func file(_ services: [String: [MoodyPeer]]) -> String {
        let lines = services.flatMap { service, peers in
            ["  \(service):"] + peers.map { "    \"\($0.address)\": { slow_start: 0 }" }
        }
        return "services:\n" + lines.joined(separator: "\n") + "\n"
    }

    @Test func `peers that fail in any way leave and come back in time, and no pick goes to them meanwhile`() async throws {
        let kinds: [(MoodyPeer.Mood, String)] = [
            (.failing, "check failed: status 500"), (.hanging, "check failed: timed out"), (.refusing, "check failed: connection refused"),
        ]
        let ill = try kinds.map { _ in try MoodyPeer() }
        let peers = try ill + (0..<3).map { _ in try MoodyPeer() }
        let server = try await LookasideProcess(
            configuration: "health_check: { interval: \(Self.interval), timeout: \(Self.timeout), rise: 2, fall: 3 }",
            files: ["peers.yaml": file(["web": peers])]
        )
        let follower = EventFollower(server)
        for peer in peers { _ = try await follower.wait(for: "healthy", of: peer.address) }
        let clients = (0..<2).map { _ in PickingClient(server, service: "web", pause: .milliseconds(1)) }
        try await Task.sleep(for: .seconds(0.2))

        let began = ContinuousClock.now
        for (peer, kind) in zip(ill, kinds) { try peer.set(kind.0) }
        var left: [ContinuousClock.Instant] = []
        for (peer, kind) in zip(ill, kinds) {
            let seen = try await follower.wait(for: "unhealthy", of: peer.address)
            let took = began.duration(to: seen.at)
            #expect(took <= Self.limit(3), "\(kind.0) took \(took)")
            #expect(took >= .seconds(2 * Self.interval * 0.9 - 0.05), "fewer than three results after \(took)")
            #expect(seen.event.reason == kind.1)
            let explained = try await server.explanation(of: peer.address)
            #expect(!explained.eligible && explained.health == "unhealthy" && explained.reason == kind.1)
            left.append(seen.at)
        }
        try await Task.sleep(for: .seconds(0.5))

        let wellAgain = ContinuousClock.now
        for peer in ill { try peer.set(.well) }
        for (peer, kind) in zip(ill, kinds) {
            let took = wellAgain.duration(to: try await follower.wait(for: "healthy", of: peer.address, after: wellAgain).at)
            #expect(took <= Self.limit(2), "\(kind.0) took \(took) to come back")
            #expect(took >= .seconds(Self.interval * 0.9 - 0.05), "fewer than two results after \(took)")
        }
        let back = ContinuousClock.now
        try await Task.sleep(for: .seconds(0.2))

        var picks: [PickingClient.Pick] = []
        for client in clients { picks += try await client.stopped() }
        #expect(picks.allSatisfy { $0.status == 200 && !$0.isPanic })
        for (peer, left) in zip(ill, left) {
            let out = picks.filter { $0.sent >= left && $0.sent < wellAgain }
            #expect(out.count > 50 && !out.contains { $0.peer == peer.address })
            #expect(picks.contains { $0.sent < began && $0.peer == peer.address })
            #expect(picks.contains { $0.sent > back && $0.peer == peer.address })
        }
        for peer in peers.suffix(3) { #expect(try await follower.events(of: peer.address).map(\.to) == ["healthy"]) }
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
            try await server.wait("readmission") { try await server.picked(10).contains(address) }
            let event = try await server.events().last { $0.peer == address }
            #expect(event?.from == "ejected" && event?.to == "healthy" && event?.reason == "readmitted: check passed: status 200")
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

import HTTPTransport
import Testing

/// The share of a newcomer, and of a peer that comes back, measured by picks over time.
struct SlowStartSystemTests {
    private static let picks = 1000
    private typealias Instant = ContinuousClock.Instant

    /// How often each peer was in a lease of ``picks``, and when the lease was asked for and answered.
    private struct Lease {
        let sent: Instant
        let answered: Instant
        let counts: [String: Int]
    }

    private func file(_ services: [(service: String, peers: [(peer: String, slowStart: Double)])]) -> String {
        let lines = services.flatMap { service, peers in
            ["  \(service):\(peers.isEmpty ? " {}" : "")"] + peers.map { "    \"\($0.peer)\": { slow_start: \($0.slowStart) }" }
        }
        return "services:\n" + lines.joined(separator: "\n") + "\n"
    }

    private func peers(_ numbers: ClosedRange<Int>) -> [String] { numbers.map { "10.0.0.\($0):80" } }

    private func lease(_ server: LookasideProcess, of service: String = "web") async throws -> Lease {
        let sent = Instant.now
        let counts = try await server.lease(Self.picks, of: service)
        return Lease(sent: sent, answered: .now, counts: counts)
    }

    /// Expects that all of these peers have an equal share.
    private func expectEqualShares(_ server: LookasideProcess, of service: String = "web", _ peers: [String]) async throws {
        let counts = try await lease(server, of: service).counts
        #expect(Set(counts.keys) == Set(peers))
        for (peer, count) in counts { #expect(abs(count - Self.picks / peers.count) <= 3, "\(peer) of \(counts)") }
    }

    /// Takes leases one after the other until a peer has ramped to its end, and holds its share against its age.
    ///
    /// - Parameters:
    ///   - others: how many peers of the same weight there are beside it.
    ///   - slowStart: the length of the ramp in seconds.
    ///   - before: a time before the ramp began.
    private func expectRamp(
        _ server: LookasideProcess,
        of peer: String,
        beside others: Double,
        slowStart: Double,
        after before: Instant
    ) async throws {
        /// A step is due after so many seconds, and by the design may rest for 0.25 s more.
        let step = max(slowStart / 50, 0.1) + 0.25
        /// A step that is due is taken by that many leases later, however long the machine stood still before, between or after them.
        let lateness = 20
        /// How often it is picked at a share of its weight, give or take the three picks that any prefix of a cycle may be off.
        func count(_ share: Double) -> Double { Double(Self.picks) * share / (others + share) }
        func share(_ age: Double) -> Double { min(1, max(0.1, age / slowStart)) }

        var lastWithout = before
        var firstWith: Instant?
        var isOver = false
        var counts: [Int] = []
        /// How old the peer was at least when each lease was asked for.
        var ages: [Double] = []
        let limit = Instant.now + .seconds(slowStart + 15)
        while !isOver {
            try #require(Instant.now < limit, "the ramp has no end")
            let lease = try await lease(server)
            guard let picked = lease.counts[peer] else {
                #expect(firstWith == nil, "it is picked at any time of its ramp")
                lastWithout = lease.sent
                continue
            }
            let oldest = lastWithout.duration(to: lease.answered) / .seconds(1)
            let youngest = (ages.dropLast(lateness).last ?? 0) - step
            ages.append((firstWith ?? lease.answered).duration(to: lease.sent) / .seconds(1))
            firstWith = firstWith ?? lease.answered
            let least = count(share(youngest)) - 3
            let most = count(share(oldest)) + 3
            #expect(Double(picked) >= least && Double(picked) <= most, "\(youngest) to \(oldest) s old")
            #expect(picked >= (counts.last ?? 0) - 6, "a ramp goes up")
            counts.append(picked)
            isOver = youngest > slowStart
            // Leases without a pause would be what keeps the machine busy.
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(counts.count > 25)
        #expect(counts.last.map { abs(Double($0) - count(1)) <= 3 } == true)
    }

    @Test func `nobody ramps at a cold start, a newcomer does, and takes picks from the first moment on`() async throws {
        let old = peers(1...3).map { ($0, 30.0) }
        let server = try await LookasideProcess(configuration: "", files: ["peers.yaml": file([("web", old)])])
        try await server.wait("three peers") { try await server.weights("web")?.count == 3 }
        try await expectEqualShares(server, peers(1...3))
        let before = Instant.now
        try server.write("peers.yaml", file([("web", old + [("10.0.0.4:80", 4)])]))
        try await expectRamp(server, of: "10.0.0.4:80", beside: 3, slowStart: 4, after: before)
        try await expectEqualShares(server, peers(1...4))
    }

    @Test func `a peer that is readmitted ramps as well`() async throws {
        let all = peers(1...4).map { ($0, 2.0) }
        let server = try await LookasideProcess(configuration: "log_check: { recover: 0.5 }", files: ["peers.yaml": file([("web", all)])])
        try await server.wait("four peers") { try await server.weights("web")?.count == 4 }
        let before = Instant.now
        try await server.report(#""error":"reset""#, times: 5, of: "10.0.0.4:80")
        try await server.waitForEvent("ejected", of: "10.0.0.4:80")
        try await expectRamp(server, of: "10.0.0.4:80", beside: 3, slowStart: 2, after: before)
    }

    @Test func `a sole peer starts full, the next one ramps`() async throws {
        let server = try await LookasideProcess(configuration: "", files: ["peers.yaml": file([("web", [])])])
        try await server.wait("the service") { try await server.weights("web")?.isEmpty == true }
        try server.write("peers.yaml", file([("web", [("10.0.0.1:80", 30)])]))
        try await server.waitFor("web", ["10.0.0.1:80": 100])
        let before = Instant.now
        try server.write("peers.yaml", file([("web", [("10.0.0.1:80", 30), ("10.0.0.2:80", 2)])]))
        // Were the first one ramping too, both would take their full weights.
        try await expectRamp(server, of: "10.0.0.2:80", beside: 1, slowStart: 2, after: before)
    }

    @Test func `peers that join a service while it is born start full, those that come later ramp`() async throws {
        let server = try await LookasideProcess(configuration: "", files: ["peers.yaml": file([("old", [("10.1.0.1:80", 30)])])])
        try await server.wait("ready") { try await server.get("/readyz").status == 200 }
        // How long a service is being born for a peer is up to that peer's own ramp.
        let born = peers(1...4).map { ($0, 30.0) }
        for last in 1...4 {
            try server.write("peers.yaml", file([("old", [("10.1.0.1:80", 30)]), ("web", Array(born.prefix(last)))]))
            try await server.wait("\(last) peers") { try await server.weights("web")?.count == last }
            try await expectEqualShares(server, peers(1...last))
            try await Task.sleep(for: .seconds(0.1))
        }
        try await Task.sleep(for: .seconds(2))
        let before = Instant.now
        try server.write("peers.yaml", file([("old", [("10.1.0.1:80", 30)]), ("web", born + [("10.0.0.5:80", 2)])]))
        try await expectRamp(server, of: "10.0.0.5:80", beside: 4, slowStart: 2, after: before)
    }
}

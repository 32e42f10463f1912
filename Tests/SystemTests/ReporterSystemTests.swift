import TestSupport
import Testing

/// Fifty clients that report, one of which lies.
struct ReporterSystemTests {
    private static let peers = (1...4).map { "10.0.0.\($0):80" }
    private static let liar = "client 50"

    /// What the honest clients saw in a while: of each peer's requests a few per cent fail. The liar says between them that all of its own failed.
    ///
    /// - Parameter lie: adds what the liar says of a peer.
    private func rumours(using generator: inout SeededGenerator, _ lie: (inout Report, _ peer: String) -> Void) -> [Report] {
        (1...49).map { client in
            var report = Report()
            for peer in Self.peers {
                lie(&report, peer)
                for _ in 0..<5 {
                    let isFailure = Int.random(in: 0..<100, using: &generator) < 4
                    report.add(isFailure ? #""status":503"# : #""status":200"#, of: peer, reporter: "client \(client)")
                }
                lie(&report, peer)
            }
            return report
        }
    }

    /// Has the clients report for a while and waits for two more sweeps.
    private func run(minReporters: Int, _ lie: (inout Report, _ peer: String) -> Void) async throws -> [EventsBody.Event] {
        let file = "services:\n  web:\n" + Self.peers.map { "    \"\($0)\": {}\n" }.joined()
        let server = try await LookasideProcess(
            configuration: "log_check: { interval: 0.2, min_reporters: \(minReporters) }",
            files: ["peers.yaml": file]
        )
        try await server.wait("four peers") { try await server.weights("web")?.count == 4 }
        var generator = SeededGenerator(seed: 50)
        let began = ContinuousClock.now
        while began.duration(to: .now) < .seconds(0.6) {
            for report in rumours(using: &generator, lie) { try await server.report(report) }
        }
        try await Task.sleep(for: .seconds(0.45))
        return try await server.events()
    }

    @Test func `one liar of fifty ejects nobody where two have to agree, whether it reports one by one or a million at a time`() async throws {
        let oneByOne = try await run(minReporters: 2) { $0.add(#""error":"timeout""#, of: $1, reporter: Self.liar, times: 10) }
        #expect(oneByOne.isEmpty)
        let millions = try await run(minReporters: 2) { $0.add(#""status":500"#, of: $1, reporter: Self.liar, count: 1_000_000) }
        #expect(millions.isEmpty)
    }

    @Test func `the same lies eject where one reporter is enough`() async throws {
        let oneByOne = try await run(minReporters: 1) { $0.add(#""error":"timeout""#, of: $1, reporter: Self.liar, times: 10) }
        #expect(oneByOne.count { $0.to == "ejected" } == 2)
        let millions = try await run(minReporters: 1) { $0.add(#""status":500"#, of: $1, reporter: Self.liar, count: 1_000_000) }
        #expect(millions.contains { $0.to == "ejected" && $0.reason.contains("failure ratio") })
    }

    @Test func `two liars of fifty are believed where two have to agree`() async throws {
        let events = try await run(minReporters: 2) { report, peer in
            for liar in [Self.liar, "client 51"] { report.add(#""error":"timeout""#, of: peer, reporter: liar, times: 10) }
        }
        #expect(events.contains { $0.to == "ejected" })
    }
}

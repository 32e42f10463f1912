import Balancing
import Glibc
import TestSupport
import Testing

struct EvidenceTests {
    /// Evidence with its settings, which can be changed inside of an expectation.
    private final class JudgedPeer {
        private let settings: LogCheckSettings
        private var evidence: Evidence

        init(_ settings: LogCheckSettings) {
            self.settings = settings
            evidence = Evidence(settings: settings)
        }

        func record(_ outcome: Outcome, at second: UInt32) -> Finding? { evidence.record(outcome, at: second, settings: settings) }
        func sweep(at second: UInt32) -> Finding? { evidence.sweep(at: second, settings: settings) }
        func isIdle(at second: UInt32) -> Bool { evidence.isIdle(at: second) }
        func isEmpty(at second: UInt32) -> Bool { evidence.isEmpty(at: second) }
    }

    private static let good = Outcome.Result.status(200)
    private static let bad = Outcome.Result.status(500)

    private static func makeSettings(_ change: (inout LogCheckSettings) -> Void = { _ in }) -> LogCheckSettings {
        var settings = LogCheckSettings()
        change(&settings)
        return settings
    }

    /// Records requests of which a share fails, spread evenly.
    private static func record(_ requests: Int, failing share: Double, at second: UInt32, in evidence: JudgedPeer) {
        var owed = 0.0
        for _ in 0..<requests {
            owed += share
            let isFailure = owed >= 0.999_999
            if isFailure { owed -= 1 }
            _ = evidence.record(Outcome(result: isFailure ? bad : good, reporter: "r"), at: second)
        }
    }

    // MARK: The ratio

    @Test(arguments: [(10, 0.6, true), (1000, 0.6, true), (1000, 0.4, false), (10, 0.5, false), (9, 1, false), (9, 0.6, false), (10, 1, true)])
    func `a sweep finds too large a share of enough requests`(requests: Int, share: Double, isFound: Bool) {
        let settings = Self.makeSettings { $0.consecutiveFailures = 0 }
        let evidence = JudgedPeer(settings)
        Self.record(requests, failing: share, at: 100, in: evidence)
        let finding = evidence.sweep(at: 100)
        #expect((finding != nil) == isFound)
        guard let finding else { return }
        let failures = UInt64((Double(requests) * share).rounded())
        #expect(finding.rule == .failureRatio && finding.window == 10)
        #expect(finding.requests == UInt64(requests) && finding.failures == failures)
    }

    @Test func `a finding says what was seen`() {
        let settings = Self.makeSettings()
        let evidence = JudgedPeer(settings)
        Self.record(10, failing: 0.6, at: 100, in: evidence)
        #expect(evidence.sweep(at: 100)?.description == "failure ratio 0.60 over 10 requests in 10 s")
        var run: Finding?
        for _ in 0..<5 { run = evidence.record(Outcome(result: Self.bad, reporter: ""), at: 100) ?? run }
        #expect(run?.rule == .consecutiveFailures)
        #expect(run?.description.hasSuffix("failures in a row") == true)
    }

    @Test func `the window includes the running second and nothing older than its length`() {
        let settings = Self.makeSettings { $0.consecutiveFailures = 0 }
        let evidence = JudgedPeer(settings)
        Self.record(10, failing: 1, at: 100, in: evidence)
        #expect(evidence.sweep(at: 100) != nil)
        #expect(evidence.sweep(at: 109) != nil)
        #expect(evidence.sweep(at: 110) == nil)
        Self.record(9, failing: 1, at: 111, in: evidence)
        Self.record(1, failing: 1, at: 120, in: evidence)
        #expect(evidence.sweep(at: 120) != nil)
        Self.record(1, failing: 1, at: 121, in: evidence)
        #expect(evidence.sweep(at: 121) == nil)
    }

    @Test(arguments: [1, 7, 10, 60])
    func `a window of any length matches a plain record`(window: Int) {
        let settings = Self.makeSettings {
            $0.window = window
            $0.minRequests = 1
            $0.failureRatio = 0
            $0.consecutiveFailures = 0
        }
        var generator = SeededGenerator(seed: UInt64(window))
        let evidence = JudgedPeer(settings)
        var record: [(second: UInt32, count: UInt32, isFailure: Bool)] = []
        var second: UInt32 = 2
        for _ in 0..<3000 {
            let longestPause: UInt32 = Bool.random(using: &generator) ? 2 : 80
            if Int.random(in: 0..<5, using: &generator) == 0 { second += UInt32.random(in: 0...longestPause, using: &generator) }
            let entry = (second, UInt32.random(in: 1...1_000_000, using: &generator), Bool.random(using: &generator))
            record.append(entry)
            _ = evidence.record(Outcome(result: entry.2 ? Self.bad : Self.good, count: entry.1, reporter: ""), at: second)
            let live = record.filter { $0.second + UInt32(window) > second }
            let failures = live.reduce(UInt64(0)) { $0 + ($1.isFailure ? UInt64($1.count) : 0) }
            let finding = evidence.sweep(at: second)
            let requests = live.reduce(UInt64(0)) { $0 + UInt64($1.count) }
            #expect(finding?.requests ?? 0 == (failures == 0 ? 0 : requests))
            #expect(finding?.failures ?? 0 == failures)
        }
    }

    @Test func `a status of the client's own making is no failure, every error is`() {
        let settings = Self.makeSettings()
        let evidence = JudgedPeer(settings)
        for status in UInt16(400)...499 {
            #expect(evidence.record(Outcome(result: .status(status), reporter: ""), at: 5) == nil)
        }
        #expect(evidence.sweep(at: 5) == nil)
        let other = JudgedPeer(settings)
        let kinds = Outcome.ErrorKind.allCases + [.connect]
        let findings = kinds.map { other.record(Outcome(result: .error($0), reporter: ""), at: 5) }
        #expect(findings.map { $0 == nil } == [true, true, true, true, false])
    }

    @Test func `which statuses are failures is the service's rule`() {
        let settings = Self.makeSettings { $0.failureStatuses = StatusSet([429...429]) }
        let evidence = JudgedPeer(settings)
        for _ in 0..<20 { #expect(evidence.record(Outcome(result: Self.bad, reporter: ""), at: 5) == nil) }
        #expect(evidence.sweep(at: 5) == nil)
        var last: Finding?
        for _ in 0..<5 { last = evidence.record(Outcome(result: .status(429), reporter: ""), at: 5) }
        #expect(last?.run == 5)
    }

    // MARK: Runs

    @Test func `five failures in a row are found at once, a success between starts again`() {
        let settings = Self.makeSettings()
        let evidence = JudgedPeer(settings)
        let pattern = [false, true, true, true, true, false, true, true, true, true, true, true]
        let found = pattern.map { isFailure in
            evidence.record(Outcome(result: isFailure ? Self.bad : Self.good, reporter: ""), at: 5)?.run
        }
        #expect(found == [nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, 5, 6])
    }

    @Test func `a run goes on however long it takes`() {
        let settings = Self.makeSettings()
        let evidence = JudgedPeer(settings)
        let found = (1...5).map { evidence.record(Outcome(result: Self.bad, reporter: ""), at: $0 * 300)?.run }
        #expect(found == [nil, nil, nil, nil, 5])
    }

    @Test func `runs are off at zero`() {
        let settings = Self.makeSettings { $0.consecutiveFailures = 0 }
        let evidence = JudgedPeer(settings)
        for _ in 0..<1000 { #expect(evidence.record(Outcome(result: Self.bad, reporter: ""), at: 5) == nil) }
    }

    @Test func `an outcome that stands for many adds one to a run and all to the window`() throws {
        let settings = Self.makeSettings()
        let evidence = JudgedPeer(settings)
        let many = Outcome(result: Self.bad, count: 6, reporter: "")
        for _ in 0..<4 { #expect(evidence.record(many, at: 5) == nil) }
        let finding = try #require(evidence.record(many, at: 5))
        #expect(finding.rule == .consecutiveFailures && finding.run == 5)
        #expect(finding.requests == 30 && finding.failures == 30)
        #expect(evidence.sweep(at: 5)?.requests == 30)
    }

    @Test func `a run is at least a quarter of the requests a second over the window`() {
        let settings = Self.makeSettings()
        let evidence = JudgedPeer(settings)
        // About 1,000 requests a second over the window of 10 s.
        _ = evidence.record(Outcome(result: Self.good, count: 9756, reporter: ""), at: 5)
        var found: [UInt64] = []
        for _ in 0..<260 {
            if let finding = evidence.record(Outcome(result: Self.bad, reporter: ""), at: 5) { found.append(finding.run) }
        }
        let needed = (1...260).first { Double($0) >= Double(9756 + $0) / 40 }
        #expect(found.first == needed.map(UInt64.init))
        #expect(needed == 251)
    }

    @Test func `ten thousand requests a second with a steady twentieth of failures are nobody's fault for an hour`() {
        let settings = Self.makeSettings()
        let evidence = JudgedPeer(settings)
        var generator = SeededGenerator(seed: 11)
        var findings = 0
        var run = 0
        var longestRun = 0
        for second in UInt32(1)...3600 {
            var requests = 0
            while requests < 10_000 {
                // The successes between two failures are one outcome that stands for them: it ends a run as each would.
                let successes = Int(log(Double.random(in: 1e-9..<1, using: &generator)) / log(0.95))
                if successes > 0 { _ = evidence.record(Outcome(result: Self.good, count: UInt32(successes), reporter: ""), at: second) }
                if evidence.record(Outcome(result: Self.bad, reporter: ""), at: second) != nil { findings += 1 }
                run = successes > 0 ? 1 : run + 1
                longestRun = max(longestRun, run)
                requests += successes + 1
            }
            if second % 5 == 0, evidence.sweep(at: second) != nil { findings += 1 }
        }
        #expect(findings == 0)
        #expect(longestRun >= 5, "five in a row do happen")
    }

    // MARK: Reporters

    @Test func `one of fifty reporters that lies about everything has nobody ejected`() {
        let settings = Self.makeSettings { $0.minReporters = 2 }
        var generator = SeededGenerator(seed: 3)
        let evidence = JudgedPeer(settings)
        for second in UInt32(1)...600 {
            // The liar reports more than all others together, and in long runs.
            for _ in 0..<100 {
                let isLie = Int.random(in: 0..<3, using: &generator) != 0
                let reporter = isLie ? "liar" : "honest \(Int.random(in: 0..<49, using: &generator))"
                for _ in 0..<(isLie ? 10 : 1) {
                    let finding = evidence.record(Outcome(result: isLie ? Self.bad : Self.good, reporter: reporter), at: second)
                    #expect(finding == nil)
                }
            }
            #expect(evidence.sweep(at: second) == nil)
        }
    }

    @Test func `the same lies are believed where one reporter is enough`() {
        let settings = Self.makeSettings()
        let evidence = JudgedPeer(settings)
        var found: Finding?
        for _ in 0..<5 { found = evidence.record(Outcome(result: Self.bad, reporter: "liar"), at: 1) }
        #expect(found != nil)
    }

    @Test(arguments: [2, 3, 64])
    func `a ratio has to hold without the worst reporters`(minReporters: Int) {
        let settings = Self.makeSettings {
            $0.minReporters = minReporters
            $0.consecutiveFailures = 0
        }
        let evidence = JudgedPeer(settings)
        for reporter in 1..<minReporters {
            _ = evidence.record(Outcome(result: Self.bad, count: 100, reporter: "\(reporter)"), at: 1)
        }
        #expect(evidence.sweep(at: 1) == nil)
        // Nine by another are too few, ten are enough, and with ten successes more exactly half fails.
        _ = evidence.record(Outcome(result: Self.bad, count: 9, reporter: "last"), at: 1)
        #expect(evidence.sweep(at: 1) == nil)
        _ = evidence.record(Outcome(result: Self.bad, reporter: "last"), at: 1)
        #expect(evidence.sweep(at: 1)?.failures == UInt64(100 * (minReporters - 1) + 10))
        _ = evidence.record(Outcome(result: Self.good, count: 10, reporter: "last"), at: 1)
        #expect(evidence.sweep(at: 1) == nil)
    }

    @Test func `of two reporters with as many failures the one with the worse ratio is left out`() {
        let settings = Self.makeSettings {
            $0.minReporters = 2
            $0.consecutiveFailures = 0
        }
        for _ in 0..<20 {
            let evidence = JudgedPeer(settings)
            _ = evidence.record(Outcome(result: Self.bad, count: 20, reporter: "a"), at: 1)
            _ = evidence.record(Outcome(result: Self.bad, count: 20, reporter: "b"), at: 1)
            _ = evidence.record(Outcome(result: Self.good, count: 30, reporter: "b"), at: 1)
            #expect(evidence.sweep(at: 1) == nil)
        }
    }

    @Test func `a run has to be long enough without the worst reporters too`() {
        let settings = Self.makeSettings {
            $0.minReporters = 3
            $0.consecutiveFailures = 2
        }
        let evidence = JudgedPeer(settings)
        let found = ["a", "b", "a", "b", "a", "a", "c", "a", "c", "d"].map { reporter in
            evidence.record(Outcome(result: Self.bad, reporter: reporter), at: 1)?.run
        }
        #expect(found == [nil, nil, nil, nil, nil, nil, nil, nil, 9, 10])
    }

    @Test func `one that lies in floods cannot turn an honest failure into an ejection`() {
        let settings = Self.makeSettings { $0.minReporters = 2 }
        let evidence = JudgedPeer(settings)
        for second in UInt32(1)...60 {
            for honest in 0..<49 {
                for _ in 0..<100 { #expect(evidence.record(Outcome(result: Self.bad, reporter: "liar"), at: second) == nil) }
                // One in seven fails, four of them in a row at times.
                let result = honest % 28 < 4 ? Self.bad : Self.good
                #expect(evidence.record(Outcome(result: result, reporter: "honest \(honest)"), at: second) == nil)
            }
            #expect(evidence.sweep(at: second) == nil)
        }
    }

    @Test func `a sweep whose clock is behind the outcomes judges the same seconds of all reporters`() {
        let settings = Self.makeSettings {
            $0.minReporters = 2
            $0.consecutiveFailures = 0
        }
        let evidence = JudgedPeer(settings)
        for _ in 0..<1000 { _ = evidence.record(Outcome(result: Self.bad, reporter: "a"), at: 100) }
        for _ in 0..<10 { _ = evidence.record(Outcome(result: Self.bad, reporter: "b"), at: 110) }
        // What "a" reported has left the window, so that "b" is alone in it.
        #expect(evidence.sweep(at: 109) == nil)
        for _ in 0..<10 { _ = evidence.record(Outcome(result: Self.bad, reporter: "c"), at: 110) }
        #expect(evidence.sweep(at: 109)?.requests == 20)
    }

    @Test func `sixty-four reporters are told apart, the rest are one, and places come free with the window`() {
        let settings = Self.makeSettings {
            $0.minReporters = 2
            $0.minRequests = 60
            $0.consecutiveFailures = 0
        }
        func evidence(reporters: Range<Int>, at second: UInt32, after earlier: Range<Int> = 0..<0) -> JudgedPeer {
            let evidence = JudgedPeer(settings)
            for reporter in earlier { _ = evidence.record(Outcome(result: Self.good, reporter: "\(reporter)"), at: 1) }
            for reporter in reporters { _ = evidence.record(Outcome(result: Self.bad, reporter: "\(reporter)"), at: second) }
            return evidence
        }
        let few = evidence(reporters: 0..<64, at: 5)
        #expect(few.sweep(at: 5) != nil, "63 of 64 are left")
        // The 41 beyond the 64th are one reporter, the worst: 64 are left.
        let many = evidence(reporters: 0..<105, at: 5)
        #expect(many.sweep(at: 5)?.requests == 105)
        // With 64 earlier reporters in the window all 100 are one, and nothing but successes is left.
        let crowded = evidence(reporters: 100..<200, at: 5, after: 0..<64)
        #expect(crowded.sweep(at: 5) == nil)
        // When the earlier ones have left the window there is room again.
        let later = evidence(reporters: 100..<164, at: 30, after: 0..<64)
        #expect(later.sweep(at: 30) != nil)
    }

    @Test func `a run tells sixty-four reporters apart however long it takes`() {
        let settings = Self.makeSettings {
            $0.minReporters = 2
            $0.consecutiveFailures = 100
        }
        // A new one every second: each has left the window when the eleventh after it comes.
        let evidence = JudgedPeer(settings)
        var found: [UInt64] = []
        for second in UInt32(1)...1000 {
            if let finding = evidence.record(Outcome(result: Self.bad, reporter: "\(second)"), at: second) { found.append(finding.run) }
        }
        // Those beyond the 64th are one, the worst: without it 36 more are needed.
        for reporter in 1...40 {
            if let finding = evidence.record(Outcome(result: Self.bad, reporter: "\(reporter)"), at: 1001) { found.append(finding.run) }
        }
        #expect(found.first == 1036)
    }

    // MARK: What is held

    @Test func `evidence is idle when its window has passed, and empty when there is no open run either`() {
        let settings = Self.makeSettings()
        let evidence = JudgedPeer(settings)
        #expect(evidence.isEmpty(at: 0))
        _ = evidence.record(Outcome(result: Self.bad, reporter: ""), at: 5)
        let isIdle = [evidence.isIdle(at: 14), evidence.isIdle(at: 15)]
        #expect(isIdle == [false, true])
        #expect(!evidence.isEmpty(at: 15))
        _ = evidence.record(Outcome(result: Self.good, reporter: ""), at: 16)
        let isEmpty = [evidence.isEmpty(at: 25), evidence.isEmpty(at: 26)]
        #expect(isEmpty == [false, true])
    }

    @Test func `evidence fits settings that ask for the same records`() {
        let evidence = Evidence(settings: Self.makeSettings())
        #expect(evidence.fits(Self.makeSettings { $0.failureRatio = 0.1 }))
        #expect(!evidence.fits(Self.makeSettings { $0.window = 11 }))
        #expect(!evidence.fits(Self.makeSettings { $0.minReporters = 2 }))
        #expect(Evidence(settings: Self.makeSettings { $0.minReporters = 2 }).fits(Self.makeSettings { $0.minReporters = 3 }))
    }
}

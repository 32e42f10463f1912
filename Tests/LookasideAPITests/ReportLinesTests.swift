import Balancing
import Testing

@testable import LookasideAPI

struct ReportLinesTests {
    /// Gives the body in the parts that begin at `cuts`, again and again what was not taken, and returns the tally.
    private static func tally(_ body: [UInt8], cuts: [Int] = []) throws -> ReportTally {
        let fixture = try ReportFixture()
        let lines = ReportLines(fixture.recorder, counters: fixture.counters, readers: OutcomeReaders())
        feed(lines, body, cuts: cuts)
        _ = lines.finish()
        #expect(fixture.counters.reports == 1)
        #expect(fixture.counters.accepted == UInt64(lines.tally.accepted))
        #expect(fixture.requests("web") == UInt64(lines.tally.accepted))
        return lines.tally
    }

    private static func feed(_ lines: ReportLines, _ body: [UInt8], cuts: [Int]) {
        var start = 0
        for end in cuts + [body.count] {
            while start < end {
                start += body[start..<end].withUnsafeBytes { lines.receive($0) }
            }
        }
    }

    private static let good = ReportFixture.good
    private static let mixed = Array("\(good)\n\nnot JSON\n \r\n{\"service\":\"web\"}\r\n\(good)\n\(good)".utf8)

    @Test func `each line is an item whose index is its number, and empty lines count`() throws {
        let tally = try Self.tally(Self.mixed)
        #expect(tally.accepted == 3)
        #expect(tally.rejectedCount == 2)
        #expect(tally.listed.map(\.index) == [2, 4])
        #expect(tally.listed.map(\.rejection.code) == [.invalidJSON, .invalidOutcome])
    }

    @Test func `a cut at any byte changes nothing`() throws {
        let whole = try Self.tally(Self.mixed)
        for cut in 1..<Self.mixed.count {
            #expect(try Self.tally(Self.mixed, cuts: [cut]) == whole, "cut at \(cut)")
        }
        #expect(try Self.tally(Self.mixed, cuts: Array(1..<Self.mixed.count)) == whole)
    }

    @Test(arguments: [("", 0), ("\n", 0), ("\n\n \r\n", 0), (good, 1), ("\(good)\n", 1), ("\n\(good)", 1)])
    func `a last line may lack its end`(body: String, accepted: Int) throws {
        let tally = try Self.tally(Array(body.utf8))
        #expect(tally.accepted == accepted)
        #expect(tally.rejectedCount == 0)
    }

    @Test(arguments: [0, 1, 65_000, 65_536, 65_537, 70_000, 131_073, 500_000])
    func `a line that is too long is one item, and the next is read`(cut: Int) throws {
        func padded(to length: Int) -> String {
            Self.good + String(repeating: " ", count: length - Self.good.utf8.count)
        }
        let body = Array("\(padded(to: 65_536))\n\(padded(to: 65_537))\n\(String(repeating: "x", count: 300_000))\n\(Self.good)\n".utf8)
        let tally = try Self.tally(body, cuts: cut > 0 && cut < body.count ? [cut] : [])
        #expect(tally.accepted == 2)
        #expect(tally.listed.map(\.index) == [1, 2])
        #expect(tally.rejected == [.invalidOutcome: 2])
        #expect(tally.listed.allSatisfy { $0.rejection.message == "a line is at most 65536 bytes" })
    }

    @Test func `when the connection breaks, what was read counts and the cut line does not`() throws {
        let fixture = try ReportFixture()
        let lines = ReportLines(fixture.recorder, counters: fixture.counters, readers: OutcomeReaders())
        Self.feed(lines, Array("\(Self.good)\nx\n\(Self.good)".utf8), cuts: [])
        lines.abandon()
        #expect(fixture.requests("web") == 1)
        #expect(fixture.counters.accepted == 1)
        #expect(fixture.counters.rejected.first { $0.code == "invalid_json" }?.count == 1)
    }

    @Test func `many lines are judged in several turns`() throws {
        let fixture = try ReportFixture()
        let lines = ReportLines(fixture.recorder, counters: fixture.counters, readers: OutcomeReaders())
        let body = Array(String(repeating: "1\n", count: 8_000).utf8)
        let taken = body.withUnsafeBytes { lines.receive($0) }
        #expect(0 < taken && taken < 1_000)
    }

    @Test func `odd lines have shorter turns, by their number and by their length`() throws {
        func judged(_ line: String) throws -> Int {
            let fixture = try ReportFixture()
            let lines = ReportLines(fixture.recorder, counters: fixture.counters, readers: OutcomeReaders())
            let body = Array(String(repeating: "\(line)\n", count: 1_000).utf8)
            return body.withUnsafeBytes { lines.receive($0) } / (line.utf8.count + 1)
        }
        #expect(try judged(Self.good) == 128)
        #expect(try judged(#"{"peer":1}"#) == 16)
        #expect(try judged("1") == 16)
        #expect(try judged("x") == 16)
        #expect(try judged("[\(Array(repeating: "1", count: 2_000).joined(separator: ","))]") == 4)
    }

    @Test func `deep nesting spoils its line only`() throws {
        let deep = String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000)
        let tally = try Self.tally(Array("{\"a\":\(deep)}\n\(Self.good)\n".utf8))
        #expect(tally.accepted == 1)
        #expect(tally.rejected == [.invalidJSON: 1])
    }

    @Test func `services and peers that are unknown leave no trace`() throws {
        let fixture = try ReportFixture()
        var recorder = fixture.recorder
        let body = [
            Self.good, #"{"service":"nobody","peer":"10.0.0.1:80","status":200}"#, #"{"service":"web","peer":"10.9.9.9:80","status":200}"#,
            #"{"service":"api","peer":"10.0.0.2:80","error":"reset","count":5}"#, Self.good,
        ]
        var index = 0
        _ = try Array("[\(body.joined(separator: ","))]".utf8).withUnsafeBytes { bytes in
            try ReportItem.read(bytes, with: OutcomeReader()) { item in
                recorder.record(item, index: index)
                index += 1
            }
        }
        #expect(recorder.tally.accepted == 3)
        #expect(recorder.tally.listed.map(\.rejection.code) == [.unknownService, .unknownPeer])
        #expect(recorder.tally.listed.map(\.index) == [1, 2])
        #expect(fixture.requests("web") == 2)
        #expect(fixture.requests("api") == 5)
        #expect(fixture.directory["nobody"] == nil)
    }

    @Test func `only the first twenty rejections are listed`() throws {
        let tally = try Self.tally(Array(String(repeating: "x\n", count: 1_000).utf8))
        #expect(tally.rejectedCount == 1_000)
        #expect(tally.listed.map(\.index) == Array(0..<20))
    }
}

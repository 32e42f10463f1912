import Balancing
import Foundation
import TestSupport
import Testing

@testable import LookasideAPI

struct ReportItemTests {
    private static func items(_ text: [UInt8]) throws(APIError) -> [ReportItem] {
        var items: [ReportItem] = []
        _ = try text.withUnsafeBufferPointer { bytes throws(APIError) in
            try ReportItem.read(UnsafeRawBufferPointer(bytes), with: OutcomeReader()) { items.append($0) }
        }
        return items
    }

    private static func item(_ text: String) throws -> ReportItem {
        try #require(items(Array(text.utf8)).first)
    }

    private static func fields(_ rest: String) -> String {
        #"{"service":"web","peer":"10.0.0.1:80","# + rest + "}"
    }

    @Test func `every field of an outcome is read`() throws {
        let text = #" {"service":"web","peer":"[2001:DB8:0::1]:0080","error":"timeout","latency_ms":0.5,"count":7,"reporter":"r-1"} "#
        guard case .outcome(let outcome) = try Self.item(text) else { throw CancellationError() }
        #expect(outcome.service == "web")
        #expect("\(outcome.peer)" == "[2001:db8::1]:80")
        #expect(outcome.result == .error(.timeout))
        #expect(outcome.latencyMilliseconds == 0.5)
        #expect(outcome.count == 7)
        #expect(outcome.reporter == "r-1")
    }

    @Test(arguments: [
        #""status":100"#, #""status":599"#, #""error":"connect""#, #""error":"reset""#, #""error":"other""#, #""status":200,"error":null"#,
        #""status":200,"latency_ms":0"#, #""status":200,"latency_ms":3600000"#, #""status":200,"latency_ms":1e3"#,
        #""status":200,"latency_ms":null"#,
        #""status":200,"count":1"#, #""status":200,"count":1000000"#, #""status":200,"reporter":"""#, #""status":200,"unknown":{"a":[1,2]}"#,
        #""status":200,"Status":"x""#,
    ])
    func `what is allowed is taken`(rest: String) throws {
        guard case .outcome = try Self.item(Self.fields(rest)) else {
            Issue.record("rejected: \(try Self.item(Self.fields(rest)))")
            return
        }
    }

    @Test(arguments: [
        (#""count":1"#, "neither status nor error"), (#""status":200,"error":"other""#, "both status and error"),
        (#""status":99"#, "status: found 99"),
        (#""status":600"#, "status: found 600"), (#""status":-200"#, "status: found -200"), (#""status":200.5"#, "status: expected"),
        (#""status":"200""#, "status: expected"), (#""status":true"#, "status: expected"), (#""status":1e400"#, "status: expected"),
        (#""status":99999999999999999999999999"#, "status: expected"), (#""error":"oops""#, "error: found \"oops\""),
        (#""error":5"#, "error: expected"),
        (#""error":"""#, "error: found"), (#""status":200,"latency_ms":-1"#, "latency_ms: found -1"),
        (#""status":200,"latency_ms":3600000.1"#, "latency_ms: found"), (#""status":200,"latency_ms":1e400"#, "latency_ms:"),
        (#""status":200,"latency_ms":-1e400"#, "latency_ms:"), (#""status":200,"latency_ms":"5""#, "latency_ms: expected"),
        (#""status":200,"count":0"#, "count: found 0"), (#""status":200,"count":-1"#, "count: found -1"),
        (#""status":200,"count":1000001"#, "count: found 1000001"), (#""status":200,"count":1.5"#, "count: expected"),
        (#""status":200,"count":1e30"#, "count: expected"), (#""status":200,"reporter":7"#, "reporter: expected"),
        (#""status":200,"reporter":"\#(String(repeating: "é", count: 129))""#, "reporter: found 258 bytes"),
    ])
    func `what is not allowed is rejected, and the message names the field`(rest: String, message: String) throws {
        guard case .rejection(let rejection) = try Self.item(Self.fields(rest)) else {
            Issue.record("taken: \(rest)")
            return
        }
        #expect(rejection.code == .invalidOutcome)
        #expect(rejection.message.hasPrefix(message), "\(rejection.message)")
        #expect(rejection.message.utf8.count < 400)
    }

    @Test(arguments: [
        #"{}"#, #"{"peer":"10.0.0.1:80","status":200}"#, #"{"service":"web","status":200}"#, #"{"service":7,"peer":"10.0.0.1:80","status":200}"#,
        #"{"service":null,"peer":"10.0.0.1:80","status":200}"#, #"{"service":"web","peer":"name.example:80","status":200}"#,
        #"{"service":"web","peer":"10.0.0.1","status":200}"#, #"{"service":"web","peer":"10.0.0.1:0","status":200}"#,
        #"{"service":"\ud800","peer":"10.0.0.1:80","status":200}"#, "[]", "1", "\"x\"", "null", "true",
    ])
    func `an item spoils nothing but itself`(bad: String) throws {
        let good = ReportFixture.good
        let items = try Self.items(Array("[\(good),\(bad),\(good)]".utf8))
        #expect(items.count == 3)
        #expect(items[0] == items[2])
        guard case .outcome = items[0], case .rejection(let rejection) = items[1] else {
            Issue.record("\(items)")
            return
        }
        #expect(rejection.code == .invalidOutcome)
    }

    @Test func `bytes that are not UTF-8 spoil nothing but their item`() throws {
        let bad = Array(#"{"service":"w"#.utf8) + [0xFF] + Array(#"b","peer":"10.0.0.1:80","status":200}"#.utf8)
        let items = try Self.items(Array("[\(ReportFixture.good),".utf8) + bad + Array("]".utf8))
        guard items.count == 2, case .outcome = items[0], case .rejection(let rejection) = items[1] else {
            Issue.record("\(items)")
            return
        }
        #expect(rejection.code == .invalidOutcome)
    }

    @Test(arguments: [
        "", " \n", "1", "null", "true", "\"web\"", "{", "[", "{]", "[1", "[NaN]", "[Infinity]", "[{\"a\":NaN}]", "{} x", "[] []", "[,]", "{\"a\"}",
        "nul",
        "{\"status\":200,}x", "\0", "\u{FEFF}", "[\(ReportFixture.good),", "[\(ReportFixture.good)]]", "a=b",
        String(repeating: "[", count: 10_000), String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000),
        String(repeating: "{\"a\":", count: 10_000),
    ])
    func `a body that is no object or array of JSON is refused as a whole`(body: String) {
        #expect {
            try Self.items(Array(body.utf8))
        } throws: {
            ($0 as? APIError)?.code == "invalid_body"
        }
    }

    @Test func `an empty array has no items`() throws {
        #expect(try Self.items(Array(" [ ] ".utf8)).isEmpty)
    }

    @Test func `a line is judged by itself`() {
        let reader = OutcomeReader()
        func item(_ line: String) -> ReportItem? {
            Array(line.utf8).withUnsafeBytes { ReportItem.item(ofLine: $0, with: reader) }
        }
        for empty in ["", " ", "\r", "\t \r"] { #expect(item(empty) == nil) }
        for bad in ["x", "{", "}", "{\"a\":}", ReportFixture.good + ",", ReportFixture.good + ReportFixture.good, "NaN", "\0"] {
            guard case .rejection(let rejection) = item(bad) else {
                Issue.record("taken: \(bad)")
                continue
            }
            #expect(rejection.code == .invalidJSON, "\(bad)")
        }
        for bad in ["1", "null", "[]", "[\(ReportFixture.good)]", "{}"] {
            guard case .rejection(let rejection) = item(bad) else {
                Issue.record("taken: \(bad)")
                continue
            }
            #expect(rejection.code == .invalidOutcome, "\(bad)")
        }
        #expect(item(ReportFixture.good + "\r") == item(ReportFixture.good))
    }

    // MARK: - Both readers

    private static func read(_ text: [UInt8], with reader: OutcomeReader, _ take: (ReportItem) -> Void) -> Bool {
        text.withUnsafeBytes { bytes in
            guard reader.parse(bytes) else { return false }
            reader.takeItems(take)
            return true
        }
    }

    /// Holds what the fast reader takes to what Foundation's decoder makes of it.
    private static func compare(_ text: [UInt8], _ reader: OutcomeReader) {
        var fast: [ReportItem] = []
        guard read(text, with: reader, { fast.append($0) }) else { return }
        let (decoder, data) = (JSONDecoder(), Data(text))
        let isArray = text.first == UInt8(ascii: "[")
        let slow = try? isArray ? decoder.decode([ReportItem].self, from: data) : [decoder.decode(ReportItem.self, from: data)]
        #expect(fast == slow, "\(String(decoding: text, as: UTF8.self))")
    }

    @Test func `what is changed at random is read alike by both readers`() {
        var generator = SeededGenerator(seed: 5)
        let reader = OutcomeReader()
        let outcome = #"{"service":"w\u00e9b","peer":"[::1]:80","status":200,"latency_ms":12.5,"count":7,"error":null,"reporter":"r","x":[{"a":-2}]}"#
        let pieces = [
            "null", "1.0", "1e2", "\"", "\\", "{", "}", "[", "]", ",", ":", "0", "-", "99999999999999999999", "\"count\":3,", "true", "\u{0}", " ",
        ]
        for round in 0..<20_000 {
            var text = Array((round % 2 == 0 ? "[\(outcome),\(outcome)]" : outcome).utf8)
            for _ in 0..<Int.random(in: 0...2, using: &generator) {
                let place = Int.random(in: 0...text.count, using: &generator)
                let end = min(text.count, place + Int.random(in: 0...8, using: &generator))
                let piece = pieces[Int.random(in: 0..<pieces.count, using: &generator)]
                text.replaceSubrange(place..<end, with: Int.random(in: 0...3, using: &generator) == 0 ? [] : Array(piece.utf8))
            }
            Self.compare(text, reader)
        }
    }

    @Test func `what the fast reader does not take as it is, it leaves to the decoder, and goes on`() throws {
        let odd = [
            #"{"service":"web","service":"api","peer":"10.0.0.1:80","status":200}"#, #"{"service":"web","peer":"10.0.0.1:80","status":2e2}"#, "[[1]]",
            "7",
        ]
        let texts = odd.map { "[\(ReportFixture.good),\($0),\(ReportFixture.good)]" }
        let reader = OutcomeReader()
        for text in texts { Self.compare(Array(text.utf8), reader) }
        guard case .outcome(let outcome) = try Self.items(Array(texts[1].utf8))[1] else {
            Issue.record("rejected")
            return
        }
        #expect(outcome.result == .status(200))
    }

    @Test func `items that are no objects cost no decoder`() throws {
        let reader = OutcomeReader()
        var items: [ReportItem] = []
        #expect(Self.read(Array(#"[1,"x",null,true,[],[{}],-0.5,{},\#(ReportFixture.good)]"#.utf8), with: reader) { items.append($0) })
        #expect(items.count == 9 && reader.decodeCount == 0)
        for item in items.prefix(7) { #expect(item == .rejection(.invalidOutcome("an outcome is a JSON object"))) }
        #expect(items[7] == .rejection(.invalidOutcome("service: missing")))
    }

    /// An item that the fast reader leaves to the decoder.
    private static let odd = #"{"peer":1}"#

    private static func array(of item: String, _ count: Int, after first: [UInt8] = []) -> [UInt8] {
        [UInt8(ascii: "[")] + first + Array(repeating: item, count: count).joined(separator: ",").utf8 + [UInt8(ascii: "]")]
    }

    /// An item that only the decoder reads, and a comma.
    private static let notUTF8 = Array(#"{"a":""#.utf8) + [0xFF] + Array(#""},"#.utf8)

    // As many odd items as are read at once, and one more; a text that is too short for so many; ordinary items; no objects; texts that only the
    // decoder reads.
    private static let texts: [([UInt8], Bool)] = [
        (array(of: odd, 50), true), (array(of: odd, 51), false), (array(of: odd, 46), true), (array(of: ReportFixture.good, 50), true),
        (array(of: "1", 2000), true), (array(of: odd, 50, after: notUTF8), false), (array(of: odd, 1, after: notUTF8), true),
    ]

    @Test(arguments: texts)
    func `a text that takes long is left alone by who is in a hurry`(text: [UInt8], isRead: Bool) throws {
        let reader = OutcomeReader()
        for isHurried in [true, false] {
            var count = 0
            let result = try text.withUnsafeBytes { try ReportItem.read($0, with: reader, isHurried: isHurried) { _ in count += 1 } }
            #expect(result == (isRead || !isHurried) && (count > 0) == result)
            if isHurried { #expect(reader.decodeCount <= 50) }
        }
    }

    @Test func `readers are kept for texts that get longer little by little`() {
        let readers = OutcomeReaders()
        let first = readers.withReader { $0 }
        for length in stride(from: 60_000, through: 131_072, by: 1_000) {
            let text = [UInt8](#"{"filler":"\#(String(repeating: "x", count: length - 13))"}"#.utf8)
            readers.withReader { reader in
                #expect(reader === first && text.withUnsafeBytes { reader.parse($0) })
            }
        }
        let long = [UInt8](#"{"filler":"\#(String(repeating: "x", count: 131_072))"}"#.utf8)
        #expect(readers.withReader { reader in long.withUnsafeBytes { reader.parse($0) } })
        #expect(readers.withReader { $0 } !== first)
    }

    @Test func `texts of every length are read, one after the other`() {
        let reader = OutcomeReader()
        for length in Array(0...300) + [4_095, 4_096, 4_097, 70_000, 10, 200_000] {
            let text = ReportFixture.good.dropLast() + #","filler":"\#(String(repeating: "x", count: length))"}"#
            var items: [ReportItem] = []
            #expect(Self.read(Array(text.utf8), with: reader) { items.append($0) })
            #expect(items.count == 1)
        }
        #expect(reader.capacity >= 200_000)
    }

    @Test func `depth is limited for both readers`() {
        let deep = #"{"x":"# + String(repeating: "[", count: 600) + String(repeating: "]", count: 600) + "}"
        #expect(!Array(deep.utf8).withUnsafeBytes { OutcomeReader().parse($0) })
    }
}

import Foundation
import Testing

@testable import LookasideServer

struct JSONLogLineTests {
    /// As another program reads the line.
    private struct Line: Decodable, Equatable {
        let time: String
        let level: String
        let logger: String
        let message: String
        let metadata: [String: String]
    }

    @Test(arguments: [
        "plain", "", #"quotes " and \ backslashes"#, "two\nlines\r\n", "a/b", "zürich 東京 🦊", "\u{2028}\u{2029}\u{7F}",
        String(String.UnicodeScalarView((0...0x1F).compactMap(Unicode.Scalar.init))),
    ])
    func `a line is one JSON object that gives back every text as it was`(text: String) throws {
        let bytes = try #require(JSONLogLine(time: text, level: text, logger: text, message: text, metadata: [text: text, "other": text]).bytes)
        #expect(bytes.last == UInt8(ascii: "\n"))
        #expect(bytes.dropLast().allSatisfy { $0 >= 0x20 })
        let line = try JSONDecoder().decode(Line.self, from: Data(bytes))
        #expect(line == Line(time: text, level: text, logger: text, message: text, metadata: [text: text, "other": text]))
    }

    @Test func `the keys have one order, so that lines compare`() throws {
        let line = JSONLogLine(time: "t", level: "info", logger: "l", message: "a/b", metadata: ["b": "2", "a": "1"])
        let text = String(decoding: try #require(line.bytes), as: UTF8.self)
        #expect(text == #"{"level":"info","logger":"l","message":"a/b","metadata":{"a":"1","b":"2"},"time":"t"}"# + "\n")
    }
}

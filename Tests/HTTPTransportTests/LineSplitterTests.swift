import Testing

@testable import HTTPTransport

struct LineSplitterTests {
    private static let lines = [#"{"type":"ADDED"}"#, "ä", String(repeating: "long ", count: 40), "{}"]

    private func lines(_ pieces: [ArraySlice<UInt8>], limit: Int = 1 << 20) throws -> [String] {
        var splitter = LineSplitter(limit: limit)
        return try pieces.flatMap { try splitter.append(Array($0)) }.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `lines come out whole wherever the stream is cut`() throws {
        let stream = Self.lines.joined(separator: "\n") + "\n"
        let bytes = Array(stream.utf8)
        for cut in 0...bytes.count {
            try #require(try lines([bytes[..<cut], bytes[cut...]]) == Self.lines)
        }
        #expect(try lines(bytes.indices.map { bytes[$0...$0] }) == Self.lines)
    }

    @Test func `a line without its end never comes out`() throws {
        #expect(try lines([Array("one\ntwo".utf8)[...]]) == ["one"])
    }

    @Test func `empty lines are left out`() throws {
        #expect(try lines([Array("\n\none\n\n\ntwo\n".utf8)[...]]) == ["one", "two"])
    }

    @Test func `a line may be as long as the limit, and no longer`() throws {
        #expect(try lines([Array("1234\n12".utf8)[...], Array("34\n".utf8)[...]], limit: 4) == ["1234", "1234"])
        for pieces in [["12345\n"], ["1\n12345"], ["123", "45"]] {
            #expect(throws: LineSplitter.LineTooLong(limit: 4)) { try lines(pieces.map { Array($0.utf8)[...] }, limit: 4) }
        }
    }
}

import TestSupport
import Testing

@testable import LookasideServer

struct ConfigurationFuzzTests {
    @Test(arguments: 1...8 as ClosedRange<UInt64>) func `a damaged file is read or its errors have a place`(seed: UInt64) throws {
        var random = Xorshift(state: seed &* 0x9E37_79B9_7F4A_7C15)
        let original = Array(Configuration.example.utf8)
        let fragments = [
            "null", "[", "]", "{", "}", ": ", "\n", "\n  ", "- ", "*", "&a ", "!!int ", "\"", "'", "#", "${", "|", ">", "5xx", "%", "\t", "é",
            "\u{0}",
        ]
        var read = 0
        var refused = 0
        for _ in 0..<250 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let start = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: bytes[start] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.removeSubrange(start..<min(bytes.count, start + Int.random(in: 1...20, using: &random)))
                case 2: bytes.insert(contentsOf: Array((fragments.randomElement(using: &random) ?? "").utf8), at: start)
                case 3: bytes.insert(contentsOf: bytes[start..<min(bytes.count, start + Int.random(in: 1...200, using: &random))], at: start)
                default: bytes.swapAt(start, Int.random(in: 0..<bytes.count, using: &random))
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            do {
                _ = try Configuration.read(yaml: text, file: "lookaside.yaml", environment: [:])
                read += 1
            } catch {
                refused += 1
                #expect(!error.errors.isEmpty)
                let lines = text.unicodeScalars.count { "\n\r\u{85}\u{2028}\u{2029}".unicodeScalars.contains($0) } + 1
                for error in error.errors {
                    let position = try #require(error.position)
                    #expect((1...(lines + 1)).contains(position.line) && position.column >= 1 && !error.message.isEmpty, "\(error)")
                    #expect(!error.description.contains("\n"), "\(error)")
                }
            }
        }
        #expect(read > 0 && refused > 0)
    }

    @Test func `a file of nothing but nesting is refused`() {
        #expect(Configuration.errors(String(repeating: "[", count: 200_000)).count == 1)
        #expect(Configuration.errors(String(repeating: "a: {", count: 200_000)).count == 1)
    }
}

/// A small seeded generator.
private struct Xorshift: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

/// Strict percent-decoding (RFC 3986, 2.1).
package enum PercentEncoding {
    static let escape = UInt8(ascii: "%")

    /// The decoded text, or nil when an escape is malformed or truncated, when it is `%00`, or when the result is not UTF-8.
    package static func decode(_ text: UnsafeRawBufferPointer) -> String? {
        guard text.contains(escape) else {
            return String(validating: text, as: UTF8.self)
        }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            guard let byte = byte(of: text, at: &index) else {
                return nil
            }
            decoded.append(byte)
        }
        return String(validating: decoded, as: UTF8.self)
    }

    /// Whether the decoded text is the literal. Does not allocate.
    package static func matches(_ text: UnsafeRawBufferPointer, literal: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        for expected in literal {
            guard index < text.count, byte(of: text, at: &index) == expected else {
                return false
            }
        }
        return index == text.count
    }

    /// The byte that the text encodes at the index, which moves behind it; nil when it is no valid escape or `%00`.
    private static func byte(of text: UnsafeRawBufferPointer, at index: inout Int) -> UInt8? {
        let byte = text[index]
        guard byte == escape else {
            index += 1
            return byte
        }
        guard index + 2 < text.count, let high = digit(text[index + 1]), let low = digit(text[index + 2]), high | low != 0 else {
            return nil
        }
        index += 3
        return high << 4 | low
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

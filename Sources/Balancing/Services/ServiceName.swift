/// The rule for names of services: 1 to 253 letters, digits, `-`, `_` and `.`, but not `.` or `..`.
package enum ServiceName {
    /// The rule in words, for error messages.
    package static let rule = "1 to 253 letters, digits, '-', '_' or '.', and not '.' or '..'"

    /// Whether a name follows the rule.
    package static func isValid(_ name: String) -> Bool {
        var name = name
        return name.withUTF8 { isValid(UnsafeRawBufferPointer($0)) }
    }

    /// Whether the bytes of a name follow the rule.
    package static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard 1...253 ~= bytes.count, bytes.allSatisfy(isAllowed) else { return false }
        return bytes.count > 2 || !bytes.allSatisfy { $0 == UInt8(ascii: ".") }
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}

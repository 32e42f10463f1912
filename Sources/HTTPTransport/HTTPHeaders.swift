/// The header fields of an answer, in the order in which they came.
package struct HTTPHeaders: Sendable {
    /// Names as the server wrote them, values without surrounding white space; a name may occur more than once.
    package private(set) var fields: [(name: String, value: String)]

    /// Makes a list; empty by default.
    package init(_ fields: [(name: String, value: String)] = []) {
        self.fields = fields
    }

    /// The first value of a name, letter case aside.
    package subscript(name: String) -> String? {
        fields.first { $0.name.caseInsensitivelyEquals(name) }?.value
    }

    mutating func append(name: String, value: String) {
        fields.append((name, value))
    }
}

extension String {
    /// Equality for header names, which are ASCII.
    func caseInsensitivelyEquals(_ other: String) -> Bool {
        func folded(_ byte: UInt8) -> UInt8 {
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
        }
        return utf8.count == other.utf8.count && zip(utf8, other.utf8).allSatisfy { folded($0) == folded($1) }
    }
}

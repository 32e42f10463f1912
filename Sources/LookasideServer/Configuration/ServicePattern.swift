/// The services that one entry of `services` is for: one name, or a glob.
///
/// In a glob `*` stands for any characters, also none, and `?` for exactly one. Every other character is itself: a letter, a digit, `-`, `_` or `.`.
package struct ServicePattern: Sendable, Equatable, CustomStringConvertible {
    /// The pattern as written.
    package let description: String
    private let characters: [UInt8]

    /// A pattern from its text; nil for text that cannot match the name of a service: 1 to 253 letters, digits, `-`, `_`, `.`, `*`, `?`,
    /// but not `.` or `..`.
    package init?(_ text: String) {
        let characters = Array(text.utf8)
        guard (1...253).contains(characters.count), text != ".", text != "..", characters.allSatisfy(Self.isAllowed) else { return nil }
        description = text
        self.characters = characters
    }

    /// Whether the pattern is the name of one service.
    package var isExact: Bool {
        !characters.contains { Self.isWildcard($0) }
    }

    /// How many characters stand for themselves: of several globs that match a name, the one with the most is the right one.
    package var literalCount: Int {
        characters.count { !Self.isWildcard($0) }
    }

    /// Whether the pattern matches a service.
    package func matches(_ service: String) -> Bool {
        let name = Array(service.utf8)
        return !name.contains(where: Self.isWildcard) && Self.overlap(characters, name)
    }

    /// Whether both are globs, equally specific, and there can be a service that both match.
    package func isAmbiguous(with other: ServicePattern) -> Bool {
        !isExact && !other.isExact && literalCount == other.literalCount && Self.overlap(characters, other.characters)
    }

    /// Whether some text matches both patterns. `reachable[j]`: the first i characters of one and the first j of the other can match one text.
    private static func overlap(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        var reachable = [true] + Array(repeating: false, count: right.count)
        for j in right.indices {
            reachable[j + 1] = reachable[j] && right[j] == star
        }
        for character in left {
            var next = [reachable[0] && character == star] + Array(repeating: false, count: right.count)
            for j in right.indices {
                if character == star || right[j] == star {
                    next[j + 1] = reachable[j + 1] || next[j]
                } else {
                    next[j + 1] = reachable[j] && (character == right[j] || isWildcard(character) || isWildcard(right[j]))
                }
            }
            reachable = next
        }
        return reachable[right.count]
    }

    private static let star = UInt8(ascii: "*")

    private static func isWildcard(_ character: UInt8) -> Bool {
        character == star || character == UInt8(ascii: "?")
    }

    private static func isAllowed(_ character: UInt8) -> Bool {
        switch character {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): return true
        default: return "-_.*?".utf8.contains(character)
        }
    }
}

/// Cuts a stream of bytes into lines, wherever the pieces in which it arrives begin and end.
///
/// What stands behind the last line feed is a line that may have been cut: it is given out when its end arrives, else never.
/// Empty lines are left out.
package struct LineSplitter: Sendable {
    /// A line is longer than allowed.
    package struct LineTooLong: Error, Equatable, CustomStringConvertible {
        let limit: Int

        package var description: String { "a line of the stream is longer than \(limit) bytes" }
    }

    private let limit: Int
    private var beginning: [UInt8] = []

    /// Makes a splitter; `limit` is the longest line in bytes.
    package init(limit: Int) {
        self.limit = limit
    }

    /// Takes the next piece of the stream.
    ///
    /// - Returns: the lines that it ends.
    package mutating func append(_ bytes: [UInt8]) throws(LineTooLong) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            try extend(rest[..<end])
            if !beginning.isEmpty { lines.append(beginning) }
            beginning = []
            rest = rest[(end + 1)...]
        }
        try extend(rest)
        return lines
    }

    private mutating func extend(_ bytes: ArraySlice<UInt8>) throws(LineTooLong) {
        guard beginning.count + bytes.count <= limit else { throw LineTooLong(limit: limit) }
        beginning.append(contentsOf: bytes)
    }
}

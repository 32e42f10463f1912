internal import Glibc

/// Cuts a body that arrives in parts into its lines, and holds no more than one of them.
struct ReportLineSplitter {
    /// The longest line that is read, in bytes without its end; the carriage return that may be part of that counts.
    static let lineLimit = 65_536

    /// One line.
    enum Line {
        /// Lent for the call only.
        case text(UnsafeRawBufferPointer)
        /// The line was longer than ``lineLimit``; what it held is gone.
        case tooLong

        /// How many bytes there are of it.
        var count: Int {
            switch self {
            case .text(let text): text.count
            case .tooLong: 0
            }
        }
    }

    /// The number of the line that comes next, from 0; empty lines count.
    private(set) var number = 0
    /// The beginning of a line whose end has not arrived.
    private var carried: [UInt8] = []
    private var isTooLong = false
    /// Whether anything of the running line has arrived.
    private var hasBegun = false

    /// Takes bytes up to the end of the `limit`th line and gives each line that is complete to `body`, with its number.
    ///
    /// - Parameter body: returns how many lines it counts for.
    /// - Returns: how many bytes were taken.
    mutating func take(_ part: UnsafeRawBufferPointer, lines limit: Int, _ body: (_ number: Int, Line) -> Int) -> Int {
        var start = 0
        var lines = 0
        while start < part.count, lines < limit {
            let rest = UnsafeRawBufferPointer(rebasing: part[start...])
            guard let length = Self.lineLength(in: rest) else {
                keep(rest)
                return part.count
            }
            lines += end(UnsafeRawBufferPointer(rebasing: rest[..<length]), body)
            start += length + 1
        }
        return start
    }

    /// Gives the last line, if it lacks its line end.
    mutating func finish(_ body: (_ number: Int, Line) -> Void) {
        if hasBegun { end(UnsafeRawBufferPointer(start: nil, count: 0), body) }
    }

    private mutating func end<Result>(_ text: UnsafeRawBufferPointer, _ body: (_ number: Int, Line) -> Result) -> Result {
        defer {
            carried.removeAll(keepingCapacity: true)
            isTooLong = false
            hasBegun = false
            number += 1
        }
        guard hasBegun || text.count > Self.lineLimit else { return body(number, .text(text)) }
        keep(text)
        return isTooLong ? body(number, .tooLong) : carried.withUnsafeBytes { body(number, .text($0)) }
    }

    private mutating func keep(_ text: UnsafeRawBufferPointer) {
        hasBegun = true
        if carried.count + text.count > Self.lineLimit { isTooLong = true }
        if isTooLong {
            carried.removeAll(keepingCapacity: true)
        } else {
            carried.append(contentsOf: text)
        }
    }

    private static func lineLength(in text: UnsafeRawBufferPointer) -> Int? {
        guard let base = text.baseAddress, let end = memchr(base, Int32(UInt8(ascii: "\n")), text.count) else { return nil }
        return UnsafeRawPointer(end) - base
    }
}

/// Status and header fields of an answer, put together line by line.
struct ResponseHead: Sendable {
    /// What a server may send before the body; more is refused.
    static let maximumBytes = 256 * 1024

    private(set) var status = 0
    private(set) var headers = HTTPHeaders()

    /// Whether the final status (not 1xx) and all its fields are there; later lines are trailers.
    private(set) var isComplete = false

    /// Whether nothing of it has arrived.
    var isEmpty: Bool { byteCount == 0 }

    private var byteCount = 0
    private let keepsFields: Bool

    /// Makes an empty head; one that does not keep fields is for those who want to know the status only.
    init(keepsFields: Bool = true) {
        self.keepsFields = keepsFields
    }

    /// Takes one line with its end, as libcurl's header callback gives it; false when the head is too long.
    mutating func append(_ line: UnsafeRawBufferPointer) -> Bool {
        byteCount += line.count
        guard byteCount <= Self.maximumBytes else { return false }
        guard !isComplete else { return true }

        let text = line.trimmed()
        if text.isEmpty {
            isComplete = status >= 200
        } else if text.starts(with: "HTTP/".utf8) {
            status = Self.status(text)
            headers = HTTPHeaders()
        } else if keepsFields, let colon = text.firstIndex(of: UInt8(ascii: ":")) {
            headers.append(
                name: String(decoding: text[..<colon], as: UTF8.self),
                value: String(decoding: text[text.index(after: colon)...].trimmed(), as: UTF8.self)
            )
        }
        return true
    }

    /// The number after the first space; libcurl has refused a status line without one.
    private static func status(_ line: Slice<UnsafeRawBufferPointer>) -> Int {
        line.drop { $0 != UInt8(ascii: " ") }.dropFirst().prefix(3).reduce(0) { $0 * 10 + Int($1 &- UInt8(ascii: "0")) }
    }
}

extension BidirectionalCollection where Element == UInt8 {
    /// Without white space at both ends.
    fileprivate func trimmed() -> SubSequence {
        func isSpace(_ byte: UInt8) -> Bool {
            byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n")
        }
        let end = lastIndex { !isSpace($0) }.map { index(after: $0) } ?? startIndex
        return self[..<end].drop(while: isSpace)
    }
}

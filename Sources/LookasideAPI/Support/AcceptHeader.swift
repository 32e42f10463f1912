internal import HTTPServing

extension HTTPRequest {
    /// Whether the client asked for text: its `Accept` names `text/plain` and neither `application/json` nor `*/*`.
    borrowing func prefersText() -> Bool {
        withHeader("Accept") { value in
            guard let value, !value.isEmpty else { return false }
            var namesText = false
            for range in value.split(separator: UInt8(ascii: ",")) {
                let type = Self.mediaType(of: range)
                if Self.isEqual(type, "application/json") || Self.isEqual(type, "*/*") { return false }
                if Self.isEqual(type, "text/plain") { namesText = true }
            }
            return namesText
        }
    }

    /// The media type without its parameters and the space around it.
    static func mediaType(of range: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
        let isSpace = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        var type = range.prefix { $0 != UInt8(ascii: ";") }.drop(while: isSpace)
        while let last = type.last, isSpace(last) { type = type.dropLast() }
        return type
    }

    /// Whether a type is the one of that name, which is in lowercase.
    static func isEqual(_ type: Slice<UnsafeRawBufferPointer>, _ name: StaticString) -> Bool {
        name.withUTF8Buffer { name in
            name.count == type.count
                && zip(name, type).allSatisfy { $0 == (UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $1 ? $1 + 32 : $1) }
        }
    }
}

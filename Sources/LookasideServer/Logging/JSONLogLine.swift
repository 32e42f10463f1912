internal import FoundationEssentials

/// What one log line says, as a JSON object.
struct JSONLogLine: Encodable {
    /// ISO 8601 in UTC, with milliseconds.
    let time: String
    let level: String
    let logger: String
    let message: String
    let metadata: [String: String]

    /// The object and the newline that ends it, the only one: JSON escapes control characters.
    var bytes: [UInt8]? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { Array($0) + [UInt8(ascii: "\n")] }
    }
}

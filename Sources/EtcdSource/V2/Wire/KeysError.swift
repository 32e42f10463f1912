/// An error of the keys API: `{"errorCode": 100, "message": "Key not found", "cause": "/v1", "index": 3}`.
struct KeysError: Decodable, Equatable, CustomStringConvertible {
    var errorCode: Int
    var message: String
    var cause: String?

    var description: String {
        "\(message)\(cause.map { ": \($0)" } ?? "") (code \(errorCode))"
    }

    /// Whether there is nothing at the path: no such key, or a key where a directory above it would be.
    var saysNotFound: Bool { errorCode == 100 || errorCode == 104 }

    /// Whether the store no longer has the events that were asked for: it keeps the last 1,000.
    var saysEventsCleared: Bool { errorCode == 401 }
}

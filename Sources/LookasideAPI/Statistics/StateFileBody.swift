internal import Discovery

/// What became of the state file.
struct StateFileBody: Encodable {
    let path: String
    let savedAt: String?
    let bytes: Int
    let saves: UInt64
    let failures: UInt64
    let lastError: String

    enum CodingKeys: String, CodingKey {
        case path, savedAt = "saved_at", bytes, saves, failures, lastError = "last_error"
    }

    init(_ status: StateFileStatus) {
        path = status.path
        savedAt = status.savedAt.map { Timestamp.text($0) }
        bytes = status.bytes
        saves = status.saves
        failures = status.failures
        lastError = status.lastError
    }
}

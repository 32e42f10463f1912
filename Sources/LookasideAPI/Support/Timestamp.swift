internal import FoundationEssentials

/// Times as answers show them: RFC 3339, UTC, whole seconds.
enum Timestamp {
    static func text(_ secondsSince1970: Double) -> String {
        Date(timeIntervalSince1970: secondsSince1970).formatted(.iso8601)
    }
}

internal import Balancing

/// Why one item of a report was not counted.
struct ReportRejection: Error, Equatable {
    /// The reason for programs.
    enum Code: String, CaseIterable {
        /// The item is not an outcome: a field is missing, has a wrong type or is out of range, or the item is too long.
        case invalidOutcome = "invalid_outcome"
        /// The line is not JSON.
        case invalidJSON = "invalid_json"
        /// No source names the service.
        case unknownService = "unknown_service"
        /// The service has no such peer.
        case unknownPeer = "unknown_peer"
    }

    let code: Code
    /// The reason for people: at most 400 bytes, whatever the item held.
    let message: String

    init(code: Code, message: String) {
        self.code = code
        self.message = message.cut(bytes: 400)
    }

    static let notAnObject = invalidOutcome("an outcome is a JSON object")

    static func invalidOutcome(_ message: String) -> ReportRejection {
        ReportRejection(code: .invalidOutcome, message: message)
    }
}

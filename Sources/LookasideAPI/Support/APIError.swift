internal import HTTPServing

/// An answer that is an error: a status, a code for programs and a message for people.
struct APIError: Error {
    let status: Int
    let code: String
    let message: String
    /// Whether trying again soon may help: the answer carries `Retry-After: 1`.
    var isTransient = false

    static let notFound = APIError(status: 404, code: "not_found", message: "there is no such path; /openapi.json lists all")
    static let methodNotAllowed = APIError(
        status: 405,
        code: "method_not_allowed",
        message: "this path does not take this method; see the Allow header"
    )

    static let allRejected = APIError(status: 422, code: "all_rejected", message: "every item was rejected; errors says why")

    static func invalidService(_ message: String) -> APIError {
        APIError(status: 400, code: "invalid_service", message: message)
    }

    static func invalidParameter(_ message: String) -> APIError {
        APIError(status: 400, code: "invalid_parameter", message: message)
    }

    static func invalidBody(_ message: String) -> APIError {
        APIError(status: 400, code: "invalid_body", message: message)
    }

    static func invalidRequest(_ message: String) -> APIError {
        APIError(status: 400, code: "invalid_request", message: message)
    }

    static func bodyTooLarge(limit: Int) -> APIError {
        APIError(status: 413, code: "body_too_large", message: "a body is at most \(limit) bytes (limits.body_bytes)")
    }

    static func unsupportedMediaType(_ message: String) -> APIError {
        APIError(status: 415, code: "unsupported_media_type", message: message)
    }

    static func unknownService(_ name: String) -> APIError {
        APIError(status: 404, code: "unknown_service", message: "no source names the service \(name)")
    }

    static func unknownPeer(_ peer: String, service: String) -> APIError {
        APIError(status: 404, code: "unknown_peer", message: "the service \(service) has no peer \(peer)")
    }

    static func noPeer(_ name: String) -> APIError {
        APIError(
            status: 503,
            code: "no_peer",
            message: "the service \(name) has no peer that may be picked; /peers/\(name) shows them",
            isTransient: true
        )
    }

    static func notSynced(_ message: String) -> APIError {
        APIError(status: 503, code: "not_synced", message: message, isTransient: true)
    }

    static func overloaded(_ message: String) -> APIError {
        APIError(status: 503, code: "overloaded", message: message, isTransient: true)
    }

    /// The error as an answer.
    var response: HTTPResponse { response(ErrorBody(error: .init(code: code, message: message))) }

    /// The error as an answer with a body that says more.
    func response(_ body: some Encodable) -> HTTPResponse {
        .json(body, status: status, headers: isTransient ? [(name: "Retry-After", value: "1")] : [])
    }
}

/// The envelope of every error.
struct ErrorBody: Encodable {
    struct Content: Encodable {
        let code: String
        let message: String
    }

    let error: Content
    var unsynced: [String]?
}

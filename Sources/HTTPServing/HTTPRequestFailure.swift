/// Why a request is answered by the server itself instead of a handler.
///
/// They are judged in this order: path, method, body, then the handler. A message whose length is ambiguous, or that is not for exactly one
/// host, is `badRequest` before all of them.
package enum HTTPRequestFailure: Sendable, Equatable {
    /// No route has this path: 404.
    case notFound
    /// The path has routes, but none for this method: 405. The answer gets an `Allow` header.
    case methodNotAllowed(allowed: [HTTPMethod])
    /// The route takes no body, but the request has one: 400.
    case bodyNotAllowed
    /// The body is longer than the limit, in bytes: 413.
    case bodyTooLarge(limit: Int)
    /// The message cannot be trusted: 400. The connection is closed after the answer.
    case badRequest(message: String)
    /// Deferred work could not be taken on or took too long: 503.
    case overloaded

    /// The status code of the usual answer.
    package var status: Int {
        switch self {
        case .notFound: 404
        case .methodNotAllowed: 405
        case .bodyNotAllowed, .badRequest: 400
        case .bodyTooLarge: 413
        case .overloaded: 503
        }
    }
}

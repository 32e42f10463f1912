/// Why a request got no complete answer.
///
/// An answer with any HTTP status, 500 too, is a response and never an error. `description` is fit for logs and for an operator: it names the
/// method, the path, `host:port` and the cause, and never a header, a query, user information or a body.
package struct HTTPTransportError: Error, Sendable, Hashable {
    /// What went wrong, by name.
    package let code: Code

    /// The `CURLcode` behind it; nil when the cause is ours, such as a cancellation or the idle watchdog.
    package let curlCode: Int32?

    /// Method and path, such as `POST /v3/kv/range`; for a client that cannot start, what it tried.
    package let operation: String

    /// The server as `host:port`; empty when there is none.
    package let endpoint: String

    /// The cause in a sentence, with libcurl's own words where they say more than the code.
    package let message: String

    /// Makes an error; `message` defaults to the code's own sentence.
    package init(_ code: Code, operation: String, endpoint: String = "", message: String? = nil, curlCode: Int32? = nil) {
        self.code = code
        self.curlCode = curlCode
        self.operation = operation
        self.endpoint = endpoint
        self.message = message ?? code.summary
    }

    /// Whether the same request may succeed later with nobody changing a configuration or a certificate.
    ///
    /// A caller that retries does so with a backoff of its own, and only what may be sent twice: after a cut the server may have acted.
    package var isRetriable: Bool {
        code.isRetriable
    }
}

extension HTTPTransportError: CustomStringConvertible {
    package var description: String {
        let place = endpoint.isEmpty ? operation : "\(operation) at \(endpoint)"
        let origin = curlCode.map { " (curl \($0))" } ?? ""
        return "\(place): \(message)\(origin)"
    }
}

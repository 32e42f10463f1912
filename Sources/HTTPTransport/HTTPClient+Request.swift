extension HTTPClient {
    /// One request.
    package struct Request: Sendable {
        /// The method; GET by default.
        package var method: Method

        /// An absolute http or https URL. The path is sent as it is written, dots included.
        package var url: String

        /// Header fields, sent in this order; `Authorization` and `Content-Type` are plain fields. `Host`, `User-Agent` and `Accept: */*` are added
        /// unless given; message framing (`Content-Length`, `Transfer-Encoding`) is the client's, and naming it is an error.
        package var headers: [(name: String, value: String)]

        /// The body; nil for none. Not for GET and HEAD.
        package var body: [UInt8]?

        /// Whom to trust and who we are, for https.
        package var tls: TLSOptions

        /// Opens a connection for this request alone and closes it after: a health check must see the listener, not an old connection.
        package var freshConnection: Bool

        /// Makes a request; nothing is checked before it is sent.
        package init(
            _ method: Method = .get,
            url: String,
            headers: [(name: String, value: String)] = [],
            body: [UInt8]? = nil,
            tls: TLSOptions = TLSOptions(),
            freshConnection: Bool = false
        ) {
            self.method = method
            self.url = url
            self.headers = headers
            self.body = body
            self.tls = tls
            self.freshConnection = freshConnection
        }
    }
}

/// Method and URL without user information and query: header values and other secrets are never shown.
extension HTTPClient.Request: CustomStringConvertible, CustomDebugStringConvertible {
    package var description: String {
        guard let target = try? RequestTarget(self) else {
            return "\(method.rawValue) (not a valid URL)"
        }
        return "\(method.rawValue) \(target.scheme)://\(target.endpoint)\(target.path)"
    }

    package var debugDescription: String {
        description
    }
}

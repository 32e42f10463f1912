/// An answer to one request: a status, headers and a complete body.
///
/// `Content-Length`, `Date` and `Connection` are added when it is sent.
package struct HTTPResponse: Sendable {
    /// The status code, 200 to 599; anything else is sent as 500.
    package var status: Int
    /// The headers in the order in which they are sent. libmicrohttpd refuses a header with a line break in it and a `Content-Length`: such a header
    /// is left out.
    package var headers: [(name: String, value: String)]
    /// The body. It is not sent in answers to `HEAD`, which carry its length only.
    package var body: [UInt8]

    /// Creates a response.
    package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

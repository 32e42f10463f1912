/// One method on one kind of path, and the function that answers it.
package struct HTTPRoute: Sendable {
    /// Answers a request. It runs on a worker thread, which serves its other connections only when it has returned: it takes at most a millisecond and
    /// leaves longer work to ``HTTPReply/deferred(_:)``. It must not keep the server alive, or stop it.
    package typealias Handler = @Sendable (borrowing HTTPRequest) -> HTTPReply

    /// The method it answers. A `.get` route answers `HEAD` as well; its handler sees `.head` and answers as for `.get`: the body is left out.
    package let method: HTTPMethod
    /// The path, such as `/peers/{service}/{peer}/override`: a segment in braces matches any one segment and is captured.
    package let pattern: String
    /// Whether requests may carry a body, up to the server's `bodyLimit`. It is there completely when the handler is called.
    package let takesBody: Bool
    /// Answers the requests.
    package let handler: Handler

    /// Creates a route.
    ///
    /// - Parameters:
    ///   - method: any but `.other`.
    ///   - pattern: `/`, or up to ``HTTPRouter/maximumSegments`` segments of which up to ``HTTPRouter/maximumCaptures`` are captured.
    package init(_ method: HTTPMethod, _ pattern: String, takesBody: Bool = false, handler: @escaping Handler) {
        self.method = method
        self.pattern = pattern
        self.takesBody = takesBody
        self.handler = handler
    }
}

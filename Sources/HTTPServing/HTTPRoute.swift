/// One method on one kind of path, and the function that answers it.
package struct HTTPRoute: Sendable {
    /// Answers a request. It runs on a worker thread, which serves its other connections only when it has returned: it takes at most a millisecond and
    /// leaves longer work to ``HTTPReply/deferred(_:)``. It must not keep the server alive, or stop it.
    package typealias Handler = @Sendable (borrowing HTTPRequest) -> HTTPReply

    /// Decides, when the headers of a request with a body are there, who takes that body: a receiver made for this request takes it as it arrives,
    /// however long it is, and answers; nil has it collected up to the server's `bodyLimit` for the handler. It runs on a worker thread, as handlers do;
    /// the body of its request is empty.
    package typealias ReceiverMaker = @Sendable (borrowing HTTPRequest) -> (any HTTPBodyReceiver)?

    /// The method it answers. A `.get` route answers `HEAD` as well; its handler sees `.head` and answers as for `.get`: the body is left out.
    package let method: HTTPMethod
    /// The path, such as `/peers/{service}/{peer}/override`: a segment in braces matches any one segment and is captured.
    package let pattern: String
    /// Whether requests may carry a body, up to the server's `bodyLimit`. It is there completely when the handler is called.
    package let takesBody: Bool
    /// Makes receivers of bodies; nil on routes that have every body collected, or take none.
    package let makeReceiver: ReceiverMaker?
    /// Answers the requests that no receiver answers.
    package let handler: Handler

    /// Creates a route.
    ///
    /// - Parameters:
    ///   - method: any but `.other`.
    ///   - pattern: `/`, or up to ``HTTPRouter/maximumSegments`` segments of which up to ``HTTPRouter/maximumCaptures`` are captured.
    ///   - takesBody: whether requests may carry a body.
    package init(_ method: HTTPMethod, _ pattern: String, takesBody: Bool = false, handler: @escaping Handler) {
        self.method = method
        self.pattern = pattern
        self.takesBody = takesBody
        makeReceiver = nil
        self.handler = handler
    }

    /// Creates a route whose requests may carry a body that is taken as it arrives.
    package init(_ method: HTTPMethod, _ pattern: String, receiver: @escaping ReceiverMaker, handler: @escaping Handler) {
        self.method = method
        self.pattern = pattern
        takesBody = true
        makeReceiver = receiver
        self.handler = handler
    }
}

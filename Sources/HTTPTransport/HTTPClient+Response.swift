extension HTTPClient {
    /// A complete answer.
    package struct Response: Sendable {
        /// The HTTP status, 200 to 599 as a rule; whether it is a failure is the caller's to say.
        package let status: Int

        /// The header fields.
        package let headers: HTTPHeaders

        /// The body, free of chunked coding; content codings are neither asked for nor undone.
        package let body: [UInt8]

        /// Makes an answer, for tests of what consumes answers.
        package init(status: Int, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = []) {
            self.status = status
            self.headers = headers
            self.body = body
        }
    }
}

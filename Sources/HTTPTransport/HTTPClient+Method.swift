extension HTTPClient {
    /// The request methods in use.
    package enum Method: String, Sendable {
        /// Reads; takes no body.
        case get = "GET"
        /// Reads the headers only; takes no body.
        case head = "HEAD"
        /// Sends a body; without one, an empty one.
        case post = "POST"
        /// Stores a body; without one, an empty one.
        case put = "PUT"
        /// Deletes; takes a body if there is one.
        case delete = "DELETE"
    }
}

extension HTTPClient {
    /// What a probe saw.
    package enum ProbeOutcome: Sendable {
        /// The status and the complete headers of an answer arrived.
        case status(Int)
        /// The connection that was all that was asked for was made.
        case connected
        /// There was no answer. With `couldNotConnect`, `systemError` is the `errno` of connecting; 0 where there was not even a socket.
        case failed(HTTPTransportError, systemError: CInt)
    }
}

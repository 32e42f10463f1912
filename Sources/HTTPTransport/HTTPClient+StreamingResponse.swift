extension HTTPClient {
    /// An answer whose headers are there and whose body is still arriving.
    ///
    /// The transfer lives as long as `body` or an iterator of it is held: dropping the last one closes the connection.
    /// It ends with its client too: hold on to the client.
    package struct StreamingResponse: Sendable {
        /// The HTTP status; a body follows whatever it is.
        package let status: Int

        /// The header fields. Trailers are dropped.
        package let headers: HTTPHeaders

        /// The body as it arrives.
        package let body: Body
    }
}

extension HTTPClient.StreamingResponse {
    /// The bytes of a body in order, in pieces whose borders mean nothing: neither lines nor the server's writes nor UTF-8 sequences are kept together.
    ///
    /// For a single consumer: a second `next()` while one waits is a programming error and traps. A piece holds all that arrived since the last one,
    /// at most the stream's buffer limit and one read of libcurl (16 KiB) more.
    ///
    /// Ends with nil after a complete body only. A cut, the idle timeout or a shutdown throws, after the bytes that came before it; cancelling the
    /// consumer's task throws `cancelled` at once and closes the connection. After an end or an error `next()` repeats it.
    package struct Body: AsyncSequence, Sendable {
        package typealias Element = [UInt8]
        package typealias Failure = HTTPTransportError

        let stream: StreamHandle

        package func makeAsyncIterator() -> Iterator {
            Iterator(stream: stream)
        }

        /// See `Body`.
        package struct Iterator: AsyncIteratorProtocol {
            let stream: StreamHandle

            package func next() async throws(HTTPTransportError) -> [UInt8]? {
                try await stream.next()
            }

            package func next(isolation actor: isolated (any Actor)?) async throws(HTTPTransportError) -> [UInt8]? {
                try await stream.next()
            }
        }
    }
}

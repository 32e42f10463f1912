extension HTTPClient.StreamingResponse {
    private static let errorBodyLimit = 64 << 10
    private static let errorBodyTimeout = Duration.seconds(2)

    /// Reads the body to its end.
    ///
    /// - Parameters:
    ///   - limit: bytes; a longer one throws `bodyTooLarge`.
    ///   - timeout: for all of it, from now on; then `timedOut`. The stream's idle timeout holds as well.
    package func wholeBody(limit: Int, within timeout: Duration) async throws(HTTPTransportError) -> [UInt8] {
        let (bytes, end, isLate) = await read(limit: limit, within: timeout)
        switch end {
        case .complete:
            return bytes
        case .tooLarge:
            throw body.stream.error(.bodyTooLarge, "the body is longer than \(limit) bytes")
        case .failed(let error):
            guard isLate, !Task.isCancelled else { throw error }
            throw body.stream.error(.timedOut, "no complete body within \(timeout)")
        }
    }

    /// The body of an answer that is an error, or the beginning of it: what has arrived within two seconds.
    package func errorBody() async -> [UInt8] {
        // Whatever ends the body, the status is what went wrong.
        await read(limit: Self.errorBodyLimit, within: Self.errorBodyTimeout).bytes
    }

    private enum End {
        case complete
        case tooLarge
        case failed(HTTPTransportError)
    }

    private func read(limit: Int, within timeout: Duration) async -> (bytes: [UInt8], end: End, isLate: Bool) {
        await withTaskGroup(of: (bytes: [UInt8], end: End)?.self) { [body] group in
            group.addTask {
                var bytes: [UInt8] = []
                let pieces = body.makeAsyncIterator()
                do throws(HTTPTransportError) {
                    while let piece = try await pieces.next() {
                        bytes += piece
                        if bytes.count > limit { return (bytes, .tooLarge) }
                    }
                    return (bytes, .complete)
                } catch {
                    return (bytes, .failed(error))
                }
            }
            group.addTask {
                try? await Task.sleep(for: timeout)
                return nil
            }
            var isLate = false
            for await outcome in group {
                // Ends the other one: the reader with what it has.
                group.cancelAll()
                if let outcome { return (outcome.bytes, outcome.end, isLate) }
                isLate = true
            }
            return ([], .failed(body.stream.error(.cancelled)), isLate)
        }
    }
}

extension HTTPClient.StreamingResponse {
    private static let errorBodyLimit = 64 << 10

    /// The body of an answer that is an error, or the beginning of it.
    package func errorBody() async -> [UInt8] {
        var bytes: [UInt8] = []
        // Whatever ends the body, the status is what went wrong.
        let pieces = body.makeAsyncIterator()
        while bytes.count < Self.errorBodyLimit, let piece = try? await pieces.next() { bytes += piece }
        return bytes
    }
}

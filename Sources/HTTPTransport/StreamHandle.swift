/// The consumer's end of a streamed body: going away ends the transfer.
final class StreamHandle: Sendable {
    private let id: Job.ID
    private let buffer: StreamBuffer
    private let mailbox: Mailbox
    private let target: RequestTarget

    init(id: Job.ID, target: RequestTarget, buffer: StreamBuffer, mailbox: Mailbox) {
        self.id = id
        self.target = target
        self.buffer = buffer
        self.mailbox = mailbox
    }

    deinit {
        mailbox.post(.cancel(id))
    }

    /// An error of this stream.
    func error(_ code: HTTPTransportError.Code, _ message: String? = nil) -> HTTPTransportError {
        HTTPTransportError(code, operation: target.operation, endpoint: target.endpoint, message: message)
    }

    func next() async throws(HTTPTransportError) -> [UInt8]? {
        let piece = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if buffer.take(continuation) {
                    mailbox.post(.resume(id))
                }
            }
        } onCancel: {
            buffer.cancel()
            mailbox.post(.cancel(id))
        }
        return try piece.get()
    }
}

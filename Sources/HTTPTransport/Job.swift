/// A request on its way to the loop's thread, with the address for its answer.
struct Job: Sendable {
    /// Names a transfer in commands; never used twice by a client.
    typealias ID = UInt64

    /// Who waits, and with which limits. Each continuation is resumed exactly once.
    enum Delivery: Sendable {
        /// The caller of `send` takes the whole answer.
        case whole(CheckedContinuation<Result<HTTPClient.Response, HTTPTransportError>, Never>, timeout: Duration, bodyLimit: Int)

        /// The caller of `stream` takes the head, and then the consumer of `buffer` the body.
        case stream(
            CheckedContinuation<Result<ResponseHead, HTTPTransportError>, Never>,
            StreamBuffer,
            responseTimeout: Duration,
            idleTimeout: Duration
        )

        /// The completion of `probe` takes what was seen, on the loop's thread.
        case probe(@Sendable (HTTPClient.ProbeOutcome) -> Void, connectsOnly: Bool, timeout: Duration)
    }

    let id: ID
    let request: HTTPClient.Request
    let target: RequestTarget
    let delivery: Delivery

    /// Answers the caller of a request that never became a transfer.
    func refuse(_ error: HTTPTransportError) {
        switch delivery {
        case .whole(let continuation, _, _): continuation.resume(returning: .failure(error))
        case .stream(let continuation, _, _, _): continuation.resume(returning: .failure(error))
        case .probe(let completion, _, _): completion(.failed(error, systemError: 0))
        }
    }

    /// Whether it asks for a sign of life only.
    var isProbe: Bool {
        if case .probe = delivery { true } else { false }
    }

    func error(_ code: HTTPTransportError.Code, message: String? = nil) -> HTTPTransportError {
        HTTPTransportError(code, operation: target.operation, endpoint: target.endpoint, message: message)
    }
}

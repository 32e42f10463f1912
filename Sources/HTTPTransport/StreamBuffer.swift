import Synchronization

/// The bytes between the loop's thread, which appends, and the one consumer, which takes all there are.
///
/// One growing array rather than a list of chunks: a server that writes single bytes costs no allocation for each.
final class StreamBuffer: Sendable {
    /// What `next()` gives: bytes, the end, or the failure.
    typealias Piece = Result<[UInt8]?, HTTPTransportError>

    private struct State {
        var bytes: [UInt8] = []
        var isPaused = false
        /// The end (`success(nil)`) or the failure, once known.
        var end: Piece?
        var consumer: CheckedContinuation<Piece, Never>?
    }

    private let limit: Int
    private let cancellation: HTTPTransportError
    private let state = Mutex(State())

    /// Makes an empty buffer that refuses bytes once it holds `limit`; `cancellation` is what a cancelled consumer gets.
    init(limit: Int, cancellation: HTTPTransportError) {
        self.limit = limit
        self.cancellation = cancellation
    }

    /// Adds bytes, or refuses them because the consumer is behind: `take` then says when to send them again.
    func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let (isAccepted, consumer) = state.withLock { state -> (Bool, CheckedContinuation<Piece, Never>?) in
            guard state.end == nil else { return (true, nil) }
            if let consumer = state.consumer {
                state.consumer = nil
                return (true, consumer)
            }
            guard state.bytes.count < limit else {
                state.isPaused = true
                return (false, nil)
            }
            state.bytes.append(contentsOf: bytes)
            return (true, nil)
        }
        consumer?.resume(returning: .success(Array(bytes)))
        return isAccepted
    }

    /// Hands over what is there, now or when something comes. True: the transfer is paused and has room again.
    func take(_ consumer: CheckedContinuation<Piece, Never>) -> Bool {
        let (piece, isResumable) = state.withLock { state -> (Piece?, Bool) in
            precondition(state.consumer == nil, "a streamed body has one consumer")
            guard state.bytes.isEmpty else {
                let isResumable = state.isPaused
                state.isPaused = false
                let bytes = state.bytes
                state.bytes = []
                return (.success(bytes), isResumable)
            }
            if state.end == nil {
                state.consumer = consumer
            }
            return (state.end, false)
        }
        if let piece {
            consumer.resume(returning: piece)
        }
        return isResumable
    }

    /// Sets the end, nil for a complete body; the first one counts.
    func finish(_ failure: HTTPTransportError?) {
        end(failure.map { .failure($0) } ?? .success(nil), dropsBytes: false)
    }

    /// Ends the stream for a consumer that is no longer interested.
    func cancel() {
        end(.failure(cancellation), dropsBytes: true)
    }

    private func end(_ end: Piece, dropsBytes: Bool) {
        let consumer = state.withLock { state -> CheckedContinuation<Piece, Never>? in
            if dropsBytes {
                state.bytes = []
                state.end = end
            }
            state.end = state.end ?? end
            defer { state.consumer = nil }
            return state.consumer
        }
        consumer?.resume(returning: end)
    }
}

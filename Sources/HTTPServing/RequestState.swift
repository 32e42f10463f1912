/// What is remembered of one request between calls of the access handler: only for requests with a body and for deferred answers.
///
/// Confined to the worker thread of its connection. libmicrohttpd's context pointer of the request owns it.
final class RequestState {
    /// How it will be answered without its handler being called.
    private(set) var failure: HTTPRequestFailure?
    /// The body so far, unless the request has failed.
    private(set) var body: [UInt8] = []
    /// Takes the body instead, until it has ended.
    private var receiver: (any HTTPBodyReceiver)?
    /// Work that the handler has left to a builder, while the connection is not suspended for it yet.
    var deferredWork: (priority: HTTPReply.Priority, work: @Sendable () -> HTTPResponse)?
    /// The answer that the connection is suspended for, and the set that it is in.
    var deferred: (answer: DeferredAnswer, requests: DeferredRequests)?

    private let bodyLimit: Int
    private var received = 0

    init(failure: HTTPRequestFailure? = nil, receiver: (any HTTPBodyReceiver)? = nil, bodyLimit: Int) {
        self.failure = failure
        self.receiver = receiver
        self.bodyLimit = bodyLimit
    }

    /// Takes the next part of the body, or some of it when a receiver wants the rest later. Too long a body fails the request and is read to its end,
    /// because libmicrohttpd queues no answer before.
    ///
    /// - Returns: how many bytes were taken; nil when the client sends so much beyond the limit that the connection is better closed.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Int? {
        if let receiver {
            return min(max(1, receiver.receive(bytes)), bytes.count)
        }
        received += bytes.count
        if failure == nil {
            if received > bodyLimit {
                failure = .bodyTooLarge(limit: bodyLimit)
                body = []
            } else {
                body.append(contentsOf: bytes)
            }
        }
        return received / Self.discardFactor <= bodyLimit ? bytes.count : nil
    }

    /// How many times the limit is read.
    private static let discardFactor = 16

    /// Takes the body out, for the handler.
    func takeBody() -> [UInt8] {
        defer {
            body = []
        }
        return body
    }

    /// Takes the receiver out, when the body has ended in whatever way.
    func takeReceiver() -> (any HTTPBodyReceiver)? {
        defer {
            receiver = nil
        }
        return receiver
    }
}

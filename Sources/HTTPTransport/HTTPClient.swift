import Synchronization

/// An HTTP/1.1 client on libcurl for control traffic: short requests with a deadline, and long streams.
///
/// One client has one thread, which owns every libcurl handle; any task or thread may use the client. Every failure is an `HTTPTransportError`; nothing is
/// retried, except that libcurl repeats a request at once when a reused connection turns out to be closed and not one byte came back.
///
/// `SIGPIPE`: `CURLOPT_NOSIGNAL` keeps libcurl from touching the process's handlers, and the client's thread blocks the signal, which OpenSSL's writes could
/// raise. A process needs nothing for the client's sake.
///
/// See [libcurl-multi](https://curl.se/libcurl/c/libcurl-multi.html), `curl_multi_socket_action(3)`.
package final class HTTPClient: Sendable {
    private let mailbox: Mailbox
    private let lastID = Atomic<Job.ID>(0)

    /// Makes a client and starts its thread.
    ///
    /// Throws `unsupportedLibrary` when libcurl is too old, resolves names synchronously or has no TLS, and `resourceExhausted` when the system gives no
    /// thread or descriptor.
    package init(configuration: Configuration = Configuration()) throws(HTTPTransportError) {
        mailbox = try Mailbox()
        try TransferLoop.start(TransferLoop(configuration: configuration, mailbox: mailbox))
    }

    /// Ends the thread, as `shutdown` does, without waiting for it.
    deinit {
        mailbox.post(.shutDown)
    }

    /// Sends a request and returns the whole answer.
    ///
    /// - Parameters:
    ///   - timeout: for everything, waiting for a free connection included; then `timedOut`.
    ///   - bodyLimit: bytes of body; a longer one throws `bodyTooLarge`. 64 MiB by default.
    ///
    /// Cancelling the task ends the transfer, closes its connection and throws `cancelled`.
    package func send(_ request: Request, timeout: Duration, bodyLimit: Int = 64 << 20) async throws(HTTPTransportError) -> Response {
        let target = try RequestTarget(request)
        return try await perform { id, continuation in
            Job(id: id, request: request, target: target, delivery: .whole(continuation, timeout: timeout, bodyLimit: bodyLimit))
        }
    }

    /// Sends a request and returns as soon as the headers of the answer are there.
    ///
    /// - Parameters:
    ///   - responseTimeout: for everything up to the end of the headers; then `timedOut`. 10 s by default.
    ///   - idleTimeout: the longest silence in the body; then the body throws `idle`. Time in which the consumer is behind does not count.
    ///   - bufferLimit: bytes held for a slow consumer, 1 MiB by default. Beyond it the transfer is paused, and so in the end the server.
    ///
    /// Cancelling the task ends the transfer and throws `cancelled`. There is no limit to a stream's life: dropping the body ends it.
    package func stream(
        _ request: Request,
        responseTimeout: Duration = .seconds(10),
        idleTimeout: Duration,
        bufferLimit: Int = 1 << 20
    ) async throws(HTTPTransportError) -> StreamingResponse {
        let target = try RequestTarget(request)
        let cancellation = HTTPTransportError(.cancelled, operation: target.operation, endpoint: target.endpoint)
        let buffer = StreamBuffer(limit: max(1, bufferLimit), cancellation: cancellation)
        let id = makeID()
        let head = try await perform(id) { id, continuation in
            let delivery = Job.Delivery.stream(continuation, buffer, responseTimeout: responseTimeout, idleTimeout: idleTimeout)
            return Job(id: id, request: request, target: target, delivery: delivery)
        }
        let body = StreamingResponse.Body(stream: StreamHandle(id: id, target: target, buffer: buffer, mailbox: mailbox))
        return StreamingResponse(status: head.status, headers: head.headers, body: body)
    }

    /// Looks for a sign of life, and returns at once.
    ///
    /// Every probe makes a connection of its own and breaks it off (RST) when it has seen enough, so that no port stays behind in `TIME_WAIT`. A GET has
    /// its answer with the end of the headers: no redirect is followed, and no body is read.
    ///
    /// - Parameters:
    ///   - timeout: for everything, looking up a name included; then `timedOut`.
    ///   - completion: is called exactly once, on the client's thread, or before this returns when the probe cannot be sent. It must not wait.
    package func probe(_ probe: Probe, timeout: Duration, completion: @escaping @Sendable (ProbeOutcome) -> Void) {
        let request = Request(url: probe.url, headers: Probe.headers, freshConnection: true)
        do throws(HTTPTransportError) {
            let target = try RequestTarget(request)
            let delivery = Job.Delivery.probe(completion, connectsOnly: probe.connectsOnly, timeout: timeout)
            let job = Job(id: makeID(), request: request, target: target, delivery: delivery)
            if !mailbox.post(.start(job)) {
                job.refuse(job.error(.shutDown))
            }
        } catch {
            completion(.failed(error, systemError: 0))
        }
    }

    /// Fails everything in flight and everything later with `shutDown`, ends the thread and returns when all handles are freed.
    ///
    /// May be called again, also at the same time. It takes no longer than closing the connections.
    package func shutdown() async {
        mailbox.post(.shutDown)
        await mailbox.waitUntilFinished()
    }

    private func makeID() -> Job.ID {
        lastID.wrappingAdd(1, ordering: .relaxed).newValue
    }

    /// Runs a job and waits for its answer.
    private func perform<Answer: Sendable>(
        _ id: Job.ID? = nil,
        _ makeJob: (Job.ID, CheckedContinuation<Result<Answer, HTTPTransportError>, Never>) -> Job
    ) async throws(HTTPTransportError) -> Answer {
        let id = id ?? makeID()
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let job = makeJob(id, continuation)
                guard mailbox.post(.start(job)) else {
                    return job.refuse(job.error(.shutDown))
                }
                // The handler may have run before there was anything to cancel.
                if Task.isCancelled {
                    mailbox.post(.cancel(id))
                }
            }
        } onCancel: {
            mailbox.post(.cancel(id))
        }
        return try answer.get()
    }
}

import CCurl

/// One request on the wire: the owner of its easy handle and of all that libcurl points to. For the loop's thread only.
///
/// What libcurl knows of it is an unretained pointer: the loop holds the transfer until the handle has left the multi handle.
final class Transfer {
    private(set) var job: Job

    /// The `CURL *`.
    let handle: UnsafeMutableRawPointer

    /// Copied by libcurl's reference, so freed after the handle.
    var headerList: UnsafeMutablePointer<curl_slist>?

    let errorBuffer: UnsafeMutablePointer<CChar>

    private var started = ContinuousClock.now
    private var head: ResponseHead
    private var body: [UInt8] = []
    private var lastByte = ContinuousClock.now
    private var isPaused = false

    /// Why a callback of ours made libcurl give up, which libcurl itself reports as a write error.
    private var refusal: HTTPTransportError?

    /// Makes the handle with every option set; on an error nobody has been answered yet.
    init(_ job: Job, _ configuration: HTTPClient.Configuration) throws(HTTPTransportError) {
        guard let handle = curl_easy_init() else {
            throw job.error(.resourceExhausted)
        }
        self.job = job
        self.handle = handle
        head = ResponseHead(keepsFields: !job.isProbe)
        errorBuffer = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        try setOptions(configuration)
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headerList)
        errorBuffer.deallocate()
    }

    /// Takes another probe, after one that was answered: making a handle costs as much as probing with it.
    func reuse(for job: Job) throws(HTTPTransportError) {
        self.job = job
        started = .now
        head = ResponseHead(keepsFields: false)
        refusal = nil
        errorBuffer[0] = 0
        try setProbe()
    }

    // MARK: What arrives

    /// Takes one header line; false ends the transfer.
    func receive(headerLine: UnsafeRawBufferPointer) -> Bool {
        lastByte = .now
        let wasComplete = head.isComplete
        guard head.append(headerLine) else {
            refusal = job.error(.protocolError, message: "the headers are longer than \(ResponseHead.maximumBytes) bytes")
            return false
        }
        guard head.isComplete, !wasComplete else { return true }
        switch job.delivery {
        case .whole:
            return true
        case .stream(let continuation, _, _, _):
            continuation.resume(returning: .success(head))
            return true
        case .probe:
            // It has seen enough, and the body may be endless.
            return false
        }
    }

    /// What becomes of a piece of the body.
    enum Verdict {
        case accepted
        /// Not taken: libcurl keeps the piece and stops reading until `resume`.
        case paused
        /// The transfer ends.
        case refused
    }

    /// Takes a piece of the body.
    func receive(body piece: UnsafeRawBufferPointer) -> Verdict {
        lastByte = .now
        switch job.delivery {
        case .whole(_, _, let bodyLimit):
            guard piece.count <= bodyLimit - body.count else {
                refusal = job.error(.bodyTooLarge, message: "the body is longer than \(bodyLimit) bytes")
                return .refused
            }
            body.append(contentsOf: piece)
            return .accepted
        case .stream(_, let buffer, _, _):
            isPaused = !buffer.append(piece)
            return isPaused ? .paused : .accepted
        case .probe:
            return .refused
        }
    }

    /// Goes on after a pause. Calls back into `receive(body:)`; must not be called from a callback.
    func resume() -> CURLcode {
        guard isPaused else { return CURLE_OK }
        isPaused = false
        lastByte = .now
        return curl_easy_pause(handle, CURLPAUSE_CONT)
    }

    // MARK: Deadlines

    /// The failure of a transfer that took too long, else when to look again.
    ///
    /// Not `CURLOPT_TIMEOUT_MS`: libcurl does not apply that to a transfer that waits for a free connection.
    func checkDeadline(at now: ContinuousClock.Instant) -> Deadline {
        switch job.delivery {
        case .whole(_, let timeout, _):
            let what = head.isComplete ? "no complete body" : "no headers"
            return started + timeout > now ? .later(started + timeout) : .passed(job.error(.timedOut, message: "\(what) within \(timeout)"))

        case .probe(_, _, let timeout):
            return started + timeout > now ? .later(started + timeout) : .passed(job.error(.timedOut, message: "no answer within \(timeout)"))

        case .stream(_, _, let responseTimeout, let idleTimeout):
            // While paused it is the consumer that is silent.
            let silentSince = isPaused ? now : lastByte
            let deadline = head.isComplete ? silentSince + idleTimeout : started + responseTimeout
            guard deadline <= now else {
                // Bytes only move the deadline away, but the end of the headers brings the idle timeout into force: never look later than that.
                return .later(min(deadline, now + max(idleTimeout, .milliseconds(1))))
            }
            return .passed(
                head.isComplete
                    ? job.error(.idle, message: "no byte arrived for \(idleTimeout)")
                    : job.error(.timedOut, message: "no headers within \(responseTimeout)")
            )
        }
    }

    /// How a transfer stands with its time.
    enum Deadline {
        case passed(HTTPTransportError)
        /// Not over before this.
        case later(ContinuousClock.Instant)
    }

    // MARK: The end

    /// The failure behind libcurl's result; nil for a complete answer. To be asked while the handle still has its say.
    func failure(_ result: CURLcode) -> HTTPTransportError? {
        guard result != CURLE_OK, !isAnswered else { return nil }
        if let refusal {
            return refusal
        }
        var verifyResult = 0
        CCurl_get_long(handle, CURLINFO_SSL_VERIFYRESULT, &verifyResult)
        let detail = String(cString: errorBuffer)
        let code = HTTPTransportError.Code(result, verifyResult: verifyResult, detail: detail)
        // With TLS 1.3 a server refuses a client's certificate after the handshake, and may be gone before its alert is read.
        let isPerhapsRefused = code == .cut && job.target.scheme == "https" && head.isEmpty
        let hint = isPerhapsRefused ? " (perhaps \(HTTPTransportError.Code.clientCertificateRefused.summary))" : ""
        return HTTPTransportError(
            code,
            operation: job.target.operation,
            endpoint: job.target.endpoint,
            message: "\(code.summary): \(detail.isEmpty ? String(cString: curl_easy_strerror(result)) : detail)\(hint)",
            curlCode: Int32(result.rawValue)
        )
    }

    /// Whether this is a probe that got its answer, which ends in an error of libcurl since the rest is not wanted.
    private var isAnswered: Bool {
        job.isProbe && head.isComplete
    }

    /// Answers whoever waits: called once, when the handle has left the multi handle.
    func complete(_ failure: HTTPTransportError?) {
        switch job.delivery {
        case .whole(let continuation, _, _):
            let response = HTTPClient.Response(status: head.status, headers: head.headers, body: body)
            continuation.resume(returning: failure.map { .failure($0) } ?? .success(response))
        case .stream(let continuation, let buffer, _, _):
            if head.isComplete {
                buffer.finish(failure)
            } else {
                // A result without headers cannot be a success: libcurl calls an answer without headers an error.
                continuation.resume(returning: .failure(failure ?? job.error(.protocolError)))
            }
        case .probe(let completion, let connectsOnly, _):
            completion(outcome(failure, connectsOnly: connectsOnly))
        }
    }

    private func outcome(_ failure: HTTPTransportError?, connectsOnly: Bool) -> HTTPClient.ProbeOutcome {
        if head.isComplete {
            return .status(head.status)
        }
        if let failure {
            var systemError = 0
            CCurl_get_long(handle, CURLINFO_OS_ERRNO, &systemError)
            return .failed(failure, systemError: CInt(truncatingIfNeeded: systemError))
        }
        // libcurl takes a connection that ends within the headers for a complete answer without a body.
        return connectsOnly ? .connected : .failed(job.error(.cut), systemError: 0)
    }
}

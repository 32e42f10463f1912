import CCurl
import CLinux
import Glibc

/// The owner of the multi handle and every transfer, on one thread of its own.
///
/// Made on the thread that makes the client and then handed over: from `start` on, only the loop's thread touches it. The rest of the process talks to it
/// through the mailbox. Nothing it does waits, except for events.
final class TransferLoop {
    private let configuration: HTTPClient.Configuration
    private let mailbox: Mailbox
    private let poller: Poller
    private let multi: UnsafeMutableRawPointer

    private var transfers: [Job.ID: Transfer] = [:]
    private var deadlines = DeadlineQueue()

    /// Probes that are over and whose handles wait for the next.
    private var idleProbes: [Transfer] = []
    private static let maximumIdleProbes = 256

    /// When libcurl wants to be called again.
    private var libraryDeadline: ContinuousClock.Instant?

    init(configuration: HTTPClient.Configuration, mailbox: Mailbox) throws(HTTPTransportError) {
        try CurlLibrary.prepare()
        self.configuration = configuration
        self.mailbox = mailbox
        poller = try Poller()
        guard let multi = curl_multi_init() else {
            throw HTTPTransportError(.resourceExhausted, operation: "start the HTTP client")
        }
        self.multi = multi
        try setOptions()
    }

    deinit {
        // Nobody is left to be called: the descriptors that closing connections would unregister go with the poller.
        CCurl_multi_set_socket_function(multi, nil)
        CCurl_multi_set_timer_function(multi, nil)
        curl_multi_cleanup(multi)
    }

    // MARK: The thread

    /// Hands the loop to a new thread, which says `finish` to the mailbox when it has ended and freed everything.
    static func start(_ loop: consuming TransferLoop) throws(HTTPTransportError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))

        let retained = Unmanaged.passRetained(loop)
        var thread = pthread_t()
        let result = pthread_create(&thread, &attributes, { TransferLoop.runThread($0) }, retained.toOpaque())
        guard result == 0 else {
            retained.release()
            throw HTTPTransportError(systemCall: "pthread_create", result)
        }
    }

    private static func runThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        CLinux_set_thread_name("http-transport")
        // OpenSSL writes to sockets without MSG_NOSIGNAL; a blocked SIGPIPE leaves the write its EPIPE, whatever the process does with the signal.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)

        if let context {
            runAndFree(Unmanaged<TransferLoop>.fromOpaque(context)).finish()
        }
        return nil
    }

    /// The loop's whole life; when this returns, its descriptors and handles are gone.
    private static func runAndFree(_ retained: Unmanaged<TransferLoop>) -> Mailbox {
        let loop = retained.takeRetainedValue()
        loop.run()
        return loop.mailbox
    }

    private func run() {
        poller.watch(mailbox.descriptor, for: EPOLLIN.rawValue)
        var events = [epoll_event](repeating: epoll_event(), count: 256)
        while execute(mailbox.take()) {
            endOverdueTransfers()
            if let deadline = libraryDeadline, deadline <= .now {
                libraryDeadline = nil
                act(on: CURL_SOCKET_TIMEOUT, 0)
            }
            endFinishedTransfers()

            let count = poller.wait(&events, milliseconds: waitingTime())
            for event in events.prefix(count) where event.data.fd != mailbox.descriptor {
                act(on: event.data.fd, Self.selection(event.events))
            }
        }
        stop()
    }

    /// Milliseconds until something is due, rounded up; -1 for never.
    private func waitingTime() -> CInt {
        guard let deadline = [libraryDeadline, deadlines.first].compactMap(\.self).min() else { return -1 }
        let remaining = ContinuousClock.now.duration(to: deadline)
        return remaining > .zero ? CInt(remaining.curlMilliseconds) : 0
    }

    /// What epoll reports, in libcurl's words.
    private static func selection(_ events: UInt32) -> CInt {
        var selection: CInt = 0
        if events & (EPOLLIN.rawValue | EPOLLHUP.rawValue) != 0 { selection |= CURL_CSELECT_IN }
        if events & EPOLLOUT.rawValue != 0 { selection |= CURL_CSELECT_OUT }
        if events & EPOLLERR.rawValue != 0 { selection |= CURL_CSELECT_ERR }
        return selection
    }

    private func act(on descriptor: CInt, _ selection: CInt) {
        var running: CInt = 0
        curl_multi_socket_action(multi, descriptor, selection, &running)
    }

    // MARK: Commands

    /// Does what other threads ask for; false when the loop is to end.
    private func execute(_ commands: [Mailbox.Command]) -> Bool {
        var goesOn = true
        for command in commands {
            switch command {
            case .start(let job): start(job)
            case .cancel(let id): transfers[id].map { end($0, $0.job.error(.cancelled)) }
            case .resume(let id): transfers[id].map(resume)
            case .shutDown: goesOn = false
            }
        }
        return goesOn
    }

    private func start(_ job: Job) {
        do throws(HTTPTransportError) {
            let transfer = try makeTransfer(for: job)
            let result = curl_multi_add_handle(multi, transfer.handle)
            guard result == CURLM_OK else {
                throw job.error(.failed, message: String(cString: curl_multi_strerror(result)))
            }
            transfers[job.id] = transfer
            checkDeadline(of: transfer, at: .now)
        } catch {
            job.refuse(error)
        }
    }

    private func makeTransfer(for job: Job) throws(HTTPTransportError) -> Transfer {
        guard job.isProbe, let transfer = idleProbes.popLast() else {
            return try Transfer(job, configuration)
        }
        try transfer.reuse(for: job)
        return transfer
    }

    private func resume(_ transfer: Transfer) {
        let result = transfer.resume()
        if result == CURLE_OK {
            // libcurl asks for this after every unpausing: what it holds already wakes no socket.
            act(on: CURL_SOCKET_TIMEOUT, 0)
        } else {
            end(transfer, transfer.failure(result))
        }
    }

    // MARK: Ends

    private func endOverdueTransfers() {
        let now = ContinuousClock.now
        while let id = deadlines.popDue(at: now) {
            // One that has ended meanwhile leaves its entry behind until now.
            transfers[id].map { checkDeadline(of: $0, at: now) }
        }
    }

    /// Ends a transfer whose time is over; keeps exactly one entry for every other.
    private func checkDeadline(of transfer: Transfer, at now: ContinuousClock.Instant) {
        switch transfer.checkDeadline(at: now) {
        case .passed(let failure): end(transfer, failure)
        case .later(let next): deadlines.insert(next, for: transfer.job.id)
        }
    }

    private func endFinishedTransfers() {
        var finished: [(Transfer, CURLcode)] = []
        var remaining: CInt = 0
        // Removing a handle frees its message, so all are read and copied first.
        while let message = curl_multi_info_read(multi, &remaining) {
            var context: UnsafeMutableRawPointer?
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
            CCurl_get_private(handle, &context)
            guard let context else { continue }
            finished.append((Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue(), message.pointee.data.result))
        }
        for (transfer, result) in finished {
            end(transfer, transfer.failure(result))
        }
    }

    /// Takes a transfer off the wire and answers its caller. Never within a callback of libcurl.
    private func end(_ transfer: Transfer, _ failure: HTTPTransportError?) {
        curl_multi_remove_handle(multi, transfer.handle)
        transfers[transfer.job.id] = nil
        transfer.complete(failure)
        // After a failure libcurl may still know its error number.
        if failure == nil, transfer.job.isProbe, idleProbes.count < Self.maximumIdleProbes {
            idleProbes.append(transfer)
        }
    }

    private func stop() {
        for command in mailbox.close() {
            if case .start(let job) = command {
                job.refuse(job.error(.shutDown))
            }
        }
        for transfer in Array(transfers.values) {
            end(transfer, transfer.job.error(.shutDown))
        }
    }

    // MARK: What libcurl asks of the loop

    private func setOptions() throws(HTTPTransportError) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        let results = [
            CCurl_multi_set_pointer(multi, CURLMOPT_SOCKETDATA, context),
            CCurl_multi_set_socket_function(multi, socketChanged),
            CCurl_multi_set_pointer(multi, CURLMOPT_TIMERDATA, context),
            CCurl_multi_set_timer_function(multi, timerChanged),
            CCurl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING)),
            CCurl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, configuration.maximumHostConnections),
            CCurl_multi_set_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, configuration.maximumConnections),
            CCurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, configuration.maximumIdleConnections),
        ]
        if let failure = results.first(where: { $0 != CURLM_OK }) {
            throw HTTPTransportError(.unsupportedLibrary, operation: "start the HTTP client", message: String(cString: curl_multi_strerror(failure)))
        }
    }

    fileprivate func watch(_ descriptor: CInt, _ what: CInt) {
        switch what {
        case CURL_POLL_IN: poller.watch(descriptor, for: EPOLLIN.rawValue)
        case CURL_POLL_OUT: poller.watch(descriptor, for: EPOLLOUT.rawValue)
        case CURL_POLL_INOUT: poller.watch(descriptor, for: EPOLLIN.rawValue | EPOLLOUT.rawValue)
        default: poller.unwatch(descriptor)
        }
    }

    fileprivate func noteTimer(_ milliseconds: Int) {
        libraryDeadline = milliseconds < 0 ? nil : .now + .milliseconds(milliseconds)
    }
}

// MARK: - Callbacks, called by libcurl on the loop's thread while the loop calls it

/// `CURLMOPT_SOCKETFUNCTION`.
private func socketChanged(
    _ handle: UnsafeMutableRawPointer?,
    _ descriptor: curl_socket_t,
    _ what: CInt,
    _ context: UnsafeMutableRawPointer?,
    _ socketContext: UnsafeMutableRawPointer?
) -> CInt {
    guard let context else { return -1 }
    Unmanaged<TransferLoop>.fromOpaque(context).takeUnretainedValue().watch(descriptor, what)
    return 0
}

/// `CURLMOPT_TIMERFUNCTION`: only notes the time, since libcurl must not be called from here.
private func timerChanged(_ multi: UnsafeMutableRawPointer?, _ milliseconds: Int, _ context: UnsafeMutableRawPointer?) -> CInt {
    guard let context else { return -1 }
    Unmanaged<TransferLoop>.fromOpaque(context).takeUnretainedValue().noteTimer(milliseconds)
    return 0
}

import CMicroHTTPD
import Glibc
import Synchronization

/// Owns a libmicrohttpd daemon: its worker threads, connections and listening socket.
final class Daemon: Sendable {
    private struct Handle: @unchecked Sendable {
        // Safe to send: the functions of libmicrohttpd that take a daemon are called under a lock here.
        let pointer: OpaquePointer
    }

    private struct State {
        var handle: OpaquePointer?
        var listeningSocket: Int32
        /// The other end of the socket that ``parkListener()`` puts in place.
        var parkedPeer: Int32?
    }

    // Safe to share: the pointer to the sink is never reassigned, and freed with the daemon.
    private nonisolated(unsafe) let logSink: UnsafeMutablePointer<mhd_log_sink>
    private let dispatcher: RequestDispatcher
    private let state: Mutex<State>
    /// Held while the daemon stops, so that a second caller waits as well.
    private let stopping = Mutex(())

    /// Starts the workers, which serve connections at once.
    init(_ listener: consuming ListeningSocket, _ configuration: HTTPServer.Configuration, _ dispatcher: RequestDispatcher) throws(HTTPServerError) {
        let context = Unmanaged.passUnretained(dispatcher).toOpaque()
        let logSink = UnsafeMutablePointer<mhd_log_sink>.allocate(capacity: 1)
        logSink.initialize(to: mhd_log_sink(context: context, write: writeLog))
        let workers = configuration.workers > 0 ? configuration.workers : max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let (seconds, fraction) = configuration.idleTimeout.components
        let port = listener.port
        let descriptor = listener.release()
        var settings = mhd_daemon_settings(
            listening_socket: descriptor,
            workers: UInt32(clamping: workers),
            connection_limit: UInt32(clamping: max(configuration.connectionLimit, workers)),
            // Rounded up, because zero is no timeout at all.
            idle_timeout_seconds: UInt32(clamping: fraction > 0 ? seconds + 1 : seconds),
            log_sink: logSink,
            context: context,
            access_handler: handleAccess,
            request_completed: requestCompleted
        )
        guard let handle = mhd_start_daemon(&settings) else {
            // Some of libmicrohttpd's failures close the socket and others do not; closing it twice could close a stranger's.
            logSink.deallocate()
            throw HTTPServerError(.cannotStart, "libmicrohttpd cannot serve \(configuration.host), port \(port)")
        }
        self.dispatcher = dispatcher
        self.logSink = logSink
        state = Mutex(State(handle: handle, listeningSocket: descriptor))
    }

    deinit {
        stop()
        logSink.deallocate()
    }

    /// How many connections are open, 0 when stopped.
    var connectionCount: Int {
        // Under the lock because libmicrohttpd adds the workers' counts up in a variable of the daemon.
        state.withLock { state in
            state.handle.map { Int(mhd_connection_count($0)) } ?? 0
        }
    }

    /// Refuses new connections from now on. ``parkListener()`` has to follow.
    ///
    /// `MHD_quiesce_daemon` is not for a server under load: 0.9.75 takes the socket out of a worker's epoll set while the worker may be doing so itself, and
    /// whoever comes second aborts the process (with two busy workers, 1 in 470 calls). Here the socket stays in the sets and only stops listening.
    func stopListening() {
        state.withLock { state in
            if state.handle != nil, state.parkedPeer == nil {
                _ = shutdown(state.listeningSocket, Int32(SHUT_RD))
            }
        }
    }

    /// Puts a socket that no one connects to in the place of the listening one, which is thereby closed and leaves every epoll set: until then the workers
    /// are woken by it all the time. Idempotent.
    ///
    /// To be called once every worker has been through its loop after ``stopListening()``: one that has just reached its connection limit removes the
    /// socket from its set, and aborts when it is gone. Later none can reach its limit.
    func parkListener() {
        state.withLock { state in
            guard state.handle != nil, state.parkedPeer == nil else {
                return
            }
            let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
            var pair: [Int32] = [-1, -1]
            guard socketpair(AF_UNIX, type, 0, &pair) == 0 else {
                return
            }
            // An open peer that never sends makes a socket that is never ready.
            dup2(pair[0], state.listeningSocket)
            _ = fcntl(state.listeningSocket, F_SETFD, FD_CLOEXEC)
            close(pair[0])
            state.parkedPeer = pair[1]
        }
    }

    /// Ends the workers and closes all connections. Idempotent. No connection may be suspended: libmicrohttpd would abort the process.
    /// Blocks until the handlers that run have returned; so it must not be called by one.
    func stop() {
        // Not under the lock of the state, which a handler may be waiting for.
        stopping.withLock { _ in
            let (handle, parkedPeer) = state.withLock { state in
                defer {
                    state.handle = nil
                }
                return (state.handle.map(Handle.init), state.parkedPeer)
            }
            guard let handle else {
                return
            }
            // Closes the listening socket too.
            MHD_stop_daemon(handle.pointer)
            if let parkedPeer {
                close(parkedPeer)
            }
        }
    }
}

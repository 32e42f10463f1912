import Dispatch
import Synchronization

/// An HTTP/1.1 server on libmicrohttpd.
///
/// Its worker threads run the handlers. What libmicrohttpd refuses before a handler is found (a malformed request line or header, headers over 32 KiB,
/// a missing `Host`) is answered with a small HTML page and the connection closed.
package final class HTTPServer: Sendable {
    /// The port that it listens on.
    package let port: Int

    private let dispatcher: RequestDispatcher
    private let daemon: Daemon

    /// Starts a server: when this returns, it serves. Also raises the process's limit of open files as far as the system allows.
    ///
    /// - Throws: when the address is invalid or in use, or the system refuses.
    package static func start(_ configuration: Configuration, routes: [HTTPRoute]) throws(HTTPServerError) -> HTTPServer {
        FileDescriptorLimit.raise()
        let listener = try ListeningSocket(host: configuration.host, port: configuration.port)
        let port = listener.port
        let dispatcher = RequestDispatcher(configuration, routes: routes)
        return HTTPServer(port: port, dispatcher, try Daemon(listener, configuration, dispatcher))
    }

    private init(port: Int, _ dispatcher: RequestDispatcher, _ daemon: Daemon) {
        self.port = port
        self.dispatcher = dispatcher
        self.daemon = daemon
    }

    deinit {
        dispatcher.deferredRequests.close()
        daemon.stop()
    }

    /// How many connections are open, idle ones included.
    package var connectionCount: Int {
        daemon.connectionCount
    }

    /// Stops the server: refuses new connections, answers the requests on those that are open with `Connection: close`, and ends when nothing is in flight
    /// and either no connection is open or none has sent a request for a quarter of a second. Large answers to slow clients are waited for.
    ///
    /// When the time is over, or the task that awaits this is cancelled, the rest is cut off. Deferred work goes on until it returns; its result is thrown
    /// away. Calling it again does no harm; a second call with less time ends both.
    package func stop(drainingFor limit: Duration) async {
        let deadline = ContinuousClock.now + limit
        dispatcher.drain()
        daemon.stopListening()
        await drain(until: deadline)
        dispatcher.deferredRequests.close()
        // What was still suspended is answered with 503 now.
        await waitForAnswers(until: ContinuousClock.now + Self.lastAnswers)
        await withCheckedContinuation { continuation in
            // Waits for threads to end, which is nothing to do on a thread that runs async functions.
            DispatchQueue(label: "http-stop").async { [daemon] in
                daemon.stop()
                continuation.resume()
            }
        }
    }

    private static let pollInterval = Duration.milliseconds(5)
    /// How long it may take a busy worker to go through its loop once.
    private static let listenerSettling = Duration.milliseconds(50)
    private static let quietTime = Duration.milliseconds(250)
    private static let lastAnswers = Duration.milliseconds(100)

    private func drain(until deadline: ContinuousClock.Instant) async {
        let start = ContinuousClock.now
        var quietSince = start
        var begun = dispatcher.counter.begun
        while ContinuousClock.now < deadline, !Task.isCancelled {
            let now = ContinuousClock.now
            if now - start >= Self.listenerSettling {
                daemon.parkListener()
            }
            let begunNow = dispatcher.counter.begun
            if dispatcher.counter.inFlight > 0 || begunNow != begun {
                begun = begunNow
                quietSince = now
            } else if daemon.connectionCount == 0 || now - quietSince >= Self.quietTime {
                return
            }
            try? await Task.sleep(for: Self.pollInterval)
        }
    }

    private func waitForAnswers(until deadline: ContinuousClock.Instant) async {
        while dispatcher.counter.inFlight > 0, ContinuousClock.now < deadline, !Task.isCancelled {
            try? await Task.sleep(for: Self.pollInterval)
        }
    }
}

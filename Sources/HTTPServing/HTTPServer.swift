import Dispatch
import Synchronization

/// An HTTP/1.1 server on libmicrohttpd.
///
/// Its worker threads run the handlers. What libmicrohttpd refuses before a handler is found (a malformed request line or header, headers over 32 KiB)
/// is answered with a small HTML page and the connection closed.
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
        dispatcher.closeDeferredRequests()
        daemon.stop()
    }

    /// How many connections are open, idle ones included.
    package var connectionCount: Int {
        daemon.connectionCount
    }

    /// Changes the largest request body, in bytes, from the next request on.
    package func setBodyLimit(_ limit: Int) {
        dispatcher.bodyLimit = limit
    }

    /// Stops the server: refuses new connections, answers the requests on those that are open with `Connection: close`, and ends when nothing is in flight
    /// and either no connection is open or none has sent a request for a quarter of a second. Large answers to slow clients are waited for.
    ///
    /// When the time is over, deferred requests are answered as overloaded, and what is not answered a second later is cut off; at once if the task that
    /// awaits this is cancelled. Deferred work goes on until it returns; its result is thrown away. Connections that no worker has accepted when this is
    /// called are reset. Calling it again does no harm; a second call with less time ends both.
    package func stop(drainingFor limit: Duration) async {
        // In this order: whoever is told to leave, and connects again, is refused; not taken and then reset.
        daemon.stopListening()
        dispatcher.drain()
        await drain(until: ContinuousClock.now + limit)
        dispatcher.closeDeferredRequests()
        await waitForLastAnswers()
        await withCheckedContinuation { continuation in
            // Waits for threads to end, which is nothing to do on a thread that runs async functions.
            DispatchQueue(label: "http-stop").async { [daemon] in
                daemon.stop()
                continuation.resume()
            }
        }
    }

    // Counted in polls because a machine so busy that workers and clients get no processor delays the polls as well.
    private static let pollInterval = Duration.milliseconds(5)
    /// In 50 ms every worker has been through its loop.
    private static let listenerSettlingPolls = 10
    private static let quietPolls = 50
    private static let lastAnswersPolls = 200

    private func drain(until deadline: ContinuousClock.Instant) async {
        var polls = 0
        var quietPolls = 0
        var begun = dispatcher.counter.begun
        while ContinuousClock.now < deadline, !Task.isCancelled {
            polls += 1
            if polls > Self.listenerSettlingPolls {
                daemon.parkListener()
            }
            let begunBefore = begun
            begun = dispatcher.counter.begun
            if dispatcher.counter.inFlight > 0 || begun != begunBefore {
                quietPolls = 0
            } else if quietPolls == Self.quietPolls || daemon.connectionCount == 0 {
                return
            } else {
                quietPolls += 1
            }
            try? await Task.sleep(for: Self.pollInterval)
        }
    }

    /// Lets the workers send what the requests are answered with that were suspended until now.
    private func waitForLastAnswers() async {
        for _ in 0..<Self.lastAnswersPolls where dispatcher.counter.inFlight > 0 && !Task.isCancelled {
            try? await Task.sleep(for: Self.pollInterval)
        }
    }
}

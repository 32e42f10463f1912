extension HTTPServer {
    /// The settings of a server.
    package struct Configuration: Sendable {
        /// The address to listen on, an IPv6 one without brackets, or a name. `::` listens on every address, of IPv4 as well. Default: `127.0.0.1`.
        package var host = "127.0.0.1"
        /// The TCP port; 0 stands for any free one. Default: 8080.
        package var port = 8080
        /// Worker threads; 0 stands for one per core. Default: 0.
        package var workers = 0
        /// Connections that are open at the same time; more wait to be accepted. Each worker takes its part of it and no more, so that uneven load meets the
        /// limit early. Default: 10,000.
        package var connectionLimit = 10_000
        /// How long a connection may be silent before it is closed, rounded up to seconds; zero stands for ever. Default: 60 seconds.
        package var idleTimeout = Duration.seconds(60)
        /// The largest request body, in bytes. Default: 1 MiB.
        package var bodyLimit = 1_048_576
        /// How long deferred work may wait for a builder thread. Default: 30 seconds.
        package var deferredDeadline = Duration.seconds(30)
        /// How much deferred work of each priority may wait for a builder thread. Default: 1,024 requests.
        package var deferredLimit = 1_024
        /// Threads that do deferred work of each priority. Default: 2.
        package var builderThreads = 2
        /// Takes libmicrohttpd's messages, on any thread. Clients can cause them at will: limit their rate. Default: drops them.
        package var log: @Sendable (String) -> Void = { _ in }
        /// Makes the answer to a request that no handler answers; an `Allow` header is added where it belongs. Default: the reason as plain text.
        package var failureResponse: @Sendable (HTTPRequestFailure) -> HTTPResponse = { failure in
            HTTPResponse(status: failure.status, headers: [(name: "Content-Type", value: "text/plain")], body: Array("\(failure)\n".utf8))
        }

        /// Creates settings with the default values.
        package init() {}
    }
}

extension Configuration {
    /// What one client, or all of them, may take.
    package struct Limits: Sendable, Equatable {
        /// How many connections may be open at once, 1 to 1000000. The default is 10000.
        package internal(set) var connections = 10_000
        /// How many of them one address may have, up to 1000000; 0 is no limit, and the default.
        package internal(set) var connectionsPerIP = 0
        /// How long a client may take to send the head of a request. The default is 10 s.
        package internal(set) var headerTimeout = Duration.seconds(10)
        /// How long a connection may be idle. The default is 60 s.
        package internal(set) var idleTimeout = Duration.seconds(60)
        /// The largest body of a request in bytes, 1024 to 2^30; NDJSON bodies have no limit. The default is 1048576.
        package internal(set) var bodyBytes = 1_048_576
    }
}

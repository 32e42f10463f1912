extension HTTPClient {
    /// What all requests of one client share.
    ///
    /// Fixed for every client and not to be configured: HTTP/1.1, http and https only, no redirects, no proxy (the environment's neither), no netrc,
    /// no content codings, certificates always verified with TLS 1.2 or later, TCP keepalive after 15 s and every 5 s, a dead peer given up after 30 s.
    package struct Configuration: Sendable {
        /// Time for name lookup, TCP and TLS together; 3 s.
        package var connectTimeout: Duration

        /// The `User-Agent` of every request; `lookaside`.
        package var userAgent: String

        /// Connections to one `host:port` at a time; 64, 0: no limit. Further requests wait, and the wait counts against their time. A stream holds one all its life.
        package var maximumHostConnections: Int

        /// Connections in all; 1024, 0: no limit.
        package var maximumConnections: Int

        /// Connections kept open for reuse; 64.
        package var maximumIdleConnections: Int

        /// A connection unused for longer is not used again; 60 s. Counted in whole seconds.
        package var maximumIdleAge: Duration

        /// A connection older than this is not used again, so that renewed certificates and moved addresses take effect; 1 h. Whole seconds.
        package var maximumConnectionLifetime: Duration

        /// How long the system's trusted certificates are used from memory before they are read again; 10 s. Whole seconds.
        package var certificateAuthorityLifetime: Duration

        /// Makes a configuration; every argument has the documented default.
        package init(
            connectTimeout: Duration = .seconds(3),
            userAgent: String = "lookaside",
            maximumHostConnections: Int = 64,
            maximumConnections: Int = 1024,
            maximumIdleConnections: Int = 64,
            maximumIdleAge: Duration = .seconds(60),
            maximumConnectionLifetime: Duration = .seconds(3600),
            certificateAuthorityLifetime: Duration = .seconds(10)
        ) {
            self.connectTimeout = connectTimeout
            self.userAgent = userAgent
            self.maximumHostConnections = maximumHostConnections
            self.maximumConnections = maximumConnections
            self.maximumIdleConnections = maximumIdleConnections
            self.maximumIdleAge = maximumIdleAge
            self.maximumConnectionLifetime = maximumConnectionLifetime
            self.certificateAuthorityLifetime = certificateAuthorityLifetime
        }
    }
}

extension HTTPClient {
    /// The certificates of one request: whom to trust, and who we are.
    ///
    /// They belong to the request because one client serves all sources. Connections are shared only between requests with the same options.
    /// Files are PEM and read again at each handshake (`Configuration.certificateAuthorityLifetime` for `caFile`), so a renewed file needs no restart.
    package struct TLSOptions: Sendable, Hashable {
        /// Certificates to trust, and then no others; nil: the system's.
        package var caFile: String?

        /// Our certificate, with its chain; nil: none.
        package var certificateFile: String?

        /// The key of `certificateFile`, not encrypted; nil: it is in the same file.
        package var keyFile: String?

        /// Makes options; the default trusts the system's authorities and presents no certificate.
        package init(caFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil) {
            self.caFile = caFile
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }
}

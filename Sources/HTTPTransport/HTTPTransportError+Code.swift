extension HTTPTransportError {
    /// The name of a cause: an open set, so a `switch` over it needs a default.
    ///
    /// `rawValue` is stable snake_case, fit for a metric's label or a status page.
    package struct Code: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
        package let rawValue: String

        package init(rawValue: String) {
            self.rawValue = rawValue
        }

        package var description: String {
            rawValue
        }

        // MARK: Reaching the server

        /// The host name has no address, or no resolver answered.
        package static let couldNotResolve = Code(rawValue: "could_not_resolve")

        /// No TCP connection: refused, unreachable, or this process is out of file descriptors or ports.
        package static let couldNotConnect = Code(rawValue: "could_not_connect")

        /// The time allowed for connecting, for the headers, or for the whole answer passed.
        package static let timedOut = Code(rawValue: "timed_out")

        /// A streamed body brought no byte for the idle timeout.
        package static let idle = Code(rawValue: "idle")

        /// The connection ended, was reset, or never answered before the answer was complete.
        package static let cut = Code(rawValue: "cut")

        // MARK: TLS

        /// The server's certificate leads to no certificate authority that we trust.
        package static let certificateNotTrusted = Code(rawValue: "certificate_not_trusted")

        /// The server's certificate is trusted, but made out to another name or address.
        package static let certificateWrongHostName = Code(rawValue: "certificate_wrong_host_name")

        /// The server's certificate, or one that it depends on, has expired.
        package static let certificateExpired = Code(rawValue: "certificate_expired")

        /// The server's certificate is valid only from a later time: often a wrong clock.
        package static let certificateNotYetValid = Code(rawValue: "certificate_not_yet_valid")

        /// Our file of trusted certificates cannot be read.
        package static let certificateAuthorityUnusable = Code(rawValue: "certificate_authority_unusable")

        /// Our own certificate or its key cannot be read, or the two do not belong together.
        package static let clientCertificateUnusable = Code(rawValue: "client_certificate_unusable")

        /// The server wants a client certificate and got none, or one that it does not accept.
        package static let clientCertificateRefused = Code(rawValue: "client_certificate_refused")

        /// TLS was spoken to a port that speaks something else, most often plain HTTP.
        package static let notTLS = Code(rawValue: "not_tls")

        /// Any other failure of the TLS handshake.
        package static let tlsFailed = Code(rawValue: "tls_failed")

        // MARK: The answer

        /// The body is longer than the caller allows.
        package static let bodyTooLarge = Code(rawValue: "body_too_large")

        /// The answer is not HTTP/1: often a TLS port addressed as `http://`.
        package static let protocolError = Code(rawValue: "protocol_error")

        // MARK: On our side

        /// The task was cancelled, or the consumer of a streamed body went away.
        package static let cancelled = Code(rawValue: "cancelled")

        /// The client was shut down.
        package static let shutDown = Code(rawValue: "shut_down")

        /// The request cannot be sent: no valid http(s) URL, a header with a forbidden character, a body where none belongs.
        package static let invalidRequest = Code(rawValue: "invalid_request")

        /// Memory, threads or file descriptors ran out.
        package static let resourceExhausted = Code(rawValue: "resource_exhausted")

        /// The installed libcurl lacks what the client depends on.
        package static let unsupportedLibrary = Code(rawValue: "unsupported_library")

        /// Anything else: the message has libcurl's own words.
        package static let failed = Code(rawValue: "failed")
    }
}

extension HTTPTransportError.Code {
    /// The cause in a few words, for an operator.
    var summary: String {
        switch self {
        case .couldNotResolve: "the host name could not be resolved"
        case .couldNotConnect: "no connection could be made"
        case .timedOut: "no answer in time"
        case .idle: "the stream fell silent"
        case .cut: "the connection ended before the answer was complete"
        case .certificateNotTrusted: "the server's certificate is not signed by a trusted authority"
        case .certificateWrongHostName: "the server's certificate is made out to another host name"
        case .certificateExpired: "the server's certificate has expired"
        case .certificateNotYetValid: "the server's certificate is not valid yet"
        case .certificateAuthorityUnusable: "the file of trusted certificates cannot be used"
        case .clientCertificateUnusable: "the client certificate or its key cannot be used"
        case .clientCertificateRefused: "the server does not accept our client certificate, or we sent none"
        case .notTLS: "the server does not speak TLS on this port (is it an http:// endpoint?)"
        case .tlsFailed: "the TLS handshake failed"
        case .bodyTooLarge: "the body is longer than allowed"
        case .protocolError: "the answer is not HTTP (is it an https:// endpoint?)"
        case .cancelled: "the request was cancelled"
        case .shutDown: "the HTTP client was shut down"
        case .invalidRequest: "the request is not valid"
        case .resourceExhausted: "the process is out of memory, threads or file descriptors"
        case .unsupportedLibrary: "the installed libcurl cannot be used"
        default: "the request failed"
        }
    }

    /// See `HTTPTransportError.isRetriable`.
    var isRetriable: Bool {
        switch self {
        case .couldNotResolve, .couldNotConnect, .timedOut, .idle, .cut, .tlsFailed, .resourceExhausted: true
        default: false
        }
    }
}

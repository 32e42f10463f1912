import Glibc
package import HTTPTransport

/// Why a probe got no answer.
package struct CheckFailure: Sendable, Equatable {
    /// Causes that operators count apart; the raw value is fit for a metric's label.
    package enum Kind: String, Sendable, CaseIterable {
        /// No answer within the timeout.
        case timedOut = "timed_out"
        /// Nobody listens on the port.
        case refused
        /// There is no way to the host.
        case unreachable
        /// The connection ended before the answer.
        case closed
        /// The name in an absolute URL has no address.
        case notResolved = "not_resolved"
        /// The TLS handshake of an https URL failed.
        case tls
        /// The answer is not HTTP.
        case notHTTP = "not_http"
        /// The check URL cannot be asked.
        case invalidURL = "invalid_url"
        /// This process lacked a descriptor, a port or memory, or was stopping: nothing is known about the peer.
        case local
        /// Anything else.
        case other
    }

    /// The words for a peer that does not answer in time.
    static let silence = "timed out"

    /// The cause.
    package let kind: Kind
    /// The cause in an operator's words.
    package let reason: String

    /// Names what the client reports.
    package init(_ error: HTTPTransportError, systemError: CInt) {
        (kind, reason) =
            switch error.code {
            case .timedOut: (.timedOut, Self.silence)
            case .couldNotConnect: Self.connectFailure(systemError)
            case .cut: (.closed, systemError == ECONNRESET ? "connection reset" : "connection closed without an answer")
            case .couldNotResolve: (.notResolved, "host name not resolved")
            case .protocolError: (.notHTTP, "the answer is not HTTP")
            case .invalidRequest: (.invalidURL, "check_url is not a valid URL")
            case .resourceExhausted, .shutDown, .cancelled: (.local, error.message)
            case .certificateNotTrusted, .certificateWrongHostName, .certificateExpired, .certificateNotYetValid, .certificateAuthorityUnusable,
                .clientCertificateRefused, .notTLS, .tlsFailed:
                (.tls, error.message)
            default: (.other, error.message)
            }
    }

    /// An `errno` of `connect`; 0: there was not even a socket.
    private static func connectFailure(_ number: CInt) -> (Kind, String) {
        switch number {
        case ECONNREFUSED: (.refused, "connection refused")
        case EHOSTUNREACH, EHOSTDOWN: (.unreachable, "host unreachable")
        case ENETUNREACH, ENETDOWN: (.unreachable, "network unreachable")
        case ETIMEDOUT: (.timedOut, silence)
        case ECONNRESET: (.closed, "connection reset")
        case 0: (.local, "no socket: out of file descriptors or memory")
        case EADDRNOTAVAIL: (.local, "no local port is free")
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: (.local, String(cString: strerror(number)))
        default: (.other, "no connection: \(String(cString: strerror(number)))")
        }
    }
}

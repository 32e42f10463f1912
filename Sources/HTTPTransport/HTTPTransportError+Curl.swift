import CCurl

extension HTTPTransportError.Code {
    /// Names what libcurl reports.
    ///
    /// - Parameters:
    ///   - result: the transfer's result, not `CURLE_OK`.
    ///   - verifyResult: `CURLINFO_SSL_VERIFYRESULT`, an `X509_V_ERR_` number of OpenSSL.
    ///   - detail: the text of `CURLOPT_ERRORBUFFER`, the only place that tells some TLS failures apart.
    init(_ result: CURLcode, verifyResult: Int, detail: String) {
        switch result {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            self = .couldNotResolve
        case CURLE_COULDNT_CONNECT, CURLE_INTERFACE_FAILED, CURLE_NO_CONNECTION_AVAILABLE:
            self = .couldNotConnect
        case CURLE_OPERATION_TIMEDOUT:
            self = .timedOut
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR:
            self = Self.certificateFailure(verifyResult, detail)
        case CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE:
            self = .certificateAuthorityUnusable
        case CURLE_SSL_CERTPROBLEM:
            self = .clientCertificateUnusable
        case CURLE_SSL_CLIENTCERT:
            self = .clientCertificateRefused
        case CURLE_SSL_CONNECT_ERROR, CURLE_USE_SSL_FAILED, CURLE_SSL_CIPHER:
            self = Self.handshakeFailure(detail)
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR:
            // With TLS 1.3 the server's verdict on our certificate arrives after the handshake, as a failing read.
            self = Self.isClientCertificateAlert(detail) ? .clientCertificateRefused : .cut
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_BAD_CONTENT_ENCODING:
            self = .protocolError
        case CURLE_URL_MALFORMAT:
            self = .invalidRequest
        case CURLE_OUT_OF_MEMORY:
            self = .resourceExhausted
        case CURLE_NOT_BUILT_IN, CURLE_UNKNOWN_OPTION:
            self = .unsupportedLibrary
        default:
            self = .failed
        }
    }

    /// A certificate that was checked and found wanting.
    private static func certificateFailure(_ verifyResult: Int, _ detail: String) -> Self {
        switch verifyResult {
        case 9: .certificateNotYetValid
        case 10: .certificateExpired
        case 62, 63, 64: .certificateWrongHostName
        // libcurl compares the names itself, before it asks OpenSSL for its verdict, which then still reads 0 or 1.
        case 0, 1: detail.contains("subject name") || detail.contains("common name") ? .certificateWrongHostName : .certificateNotTrusted
        default: .certificateNotTrusted
        }
    }

    private static func handshakeFailure(_ detail: String) -> Self {
        if detail.contains("wrong version number") || detail.contains("packet length too long") {
            return .notTLS
        }
        return isClientCertificateAlert(detail) ? .clientCertificateRefused : .tlsFailed
    }

    /// Whether OpenSSL's text is an alert by which a server refuses our certificate, such as "tlsv13 alert certificate required".
    private static func isClientCertificateAlert(_ detail: String) -> Bool {
        detail.contains("alert") && (detail.contains("certificate") || detail.contains("unknown ca"))
    }
}

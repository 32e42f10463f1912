import CCurl
import Testing

@testable import HTTPTransport

struct ErrorMappingTests {
    @Test(arguments: [
        (CURLE_COULDNT_RESOLVE_HOST, 0, "", HTTPTransportError.Code.couldNotResolve),
        (CURLE_COULDNT_CONNECT, 0, "", .couldNotConnect),
        (CURLE_OPERATION_TIMEDOUT, 0, "", .timedOut),
        (CURLE_PARTIAL_FILE, 0, "", .cut),
        (CURLE_GOT_NOTHING, 0, "", .cut),
        (CURLE_RECV_ERROR, 0, "Recv failure: Connection reset by peer", .cut),
        (CURLE_SEND_ERROR, 0, "", .cut),
        (CURLE_RECV_ERROR, 0, "SSL routines::tlsv13 alert certificate required, errno 0", .clientCertificateRefused),
        (CURLE_SSL_CONNECT_ERROR, 0, "SSL routines::tlsv1 alert unknown ca", .clientCertificateRefused),
        (CURLE_SSL_CONNECT_ERROR, 0, "SSL routines::wrong version number", .notTLS),
        (CURLE_SSL_CONNECT_ERROR, 0, "", .tlsFailed),
        (CURLE_PEER_FAILED_VERIFICATION, 9, "", .certificateNotYetValid),
        (CURLE_PEER_FAILED_VERIFICATION, 10, "", .certificateExpired),
        (CURLE_PEER_FAILED_VERIFICATION, 18, "", .certificateNotTrusted),
        (CURLE_PEER_FAILED_VERIFICATION, 20, "", .certificateNotTrusted),
        (CURLE_PEER_FAILED_VERIFICATION, 62, "", .certificateWrongHostName),
        (CURLE_PEER_FAILED_VERIFICATION, 1, "SSL: no alternative certificate subject name matches target host name 'x'", .certificateWrongHostName),
        (CURLE_PEER_FAILED_VERIFICATION, 1, "SSL: couldn't get peer certificate!", .certificateNotTrusted),
        (CURLE_SSL_CACERT_BADFILE, 0, "", .certificateAuthorityUnusable),
        (CURLE_SSL_CERTPROBLEM, 0, "", .clientCertificateUnusable),
        (CURLE_UNSUPPORTED_PROTOCOL, 0, "Received HTTP/0.9 when not allowed", .protocolError),
        (CURLE_OUT_OF_MEMORY, 0, "", .resourceExhausted),
        (CURLE_READ_ERROR, 0, "", .failed),
    ])
    func `libcurl's results have names`(result: CURLcode, verifyResult: Int, detail: String, code: HTTPTransportError.Code) {
        #expect(HTTPTransportError.Code(result, verifyResult: verifyResult, detail: detail) == code)
    }

    @Test func `a libcurl that would block, lacks TLS or is too old is refused`() {
        let features = CURL_VERSION_ASYNCHDNS | CURL_VERSION_SSL
        #expect(CurlLibrary.lack(version: 0x07_57_00, features: features) == nil)
        #expect(CurlLibrary.lack(version: 0x07_56_01, features: features)?.contains("7.87.0") == true)
        #expect(CurlLibrary.lack(version: 0x08_00_00, features: CURL_VERSION_SSL)?.contains("synchronously") == true)
        #expect(CurlLibrary.lack(version: 0x08_00_00, features: CURL_VERSION_ASYNCHDNS)?.contains("TLS") == true)
    }

    @Test(arguments: [
        (Duration.zero, 1), (.seconds(-1), 1), (.nanoseconds(1), 1), (.milliseconds(2), 2), (.microseconds(2001), 3),
        (.seconds(3), 3000), (.seconds(Int64.max), Int(Int32.max)),
    ])
    func `durations never become zero, which libcurl takes for no limit`(duration: Duration, milliseconds: Int) {
        #expect(duration.curlMilliseconds == milliseconds)
    }
}

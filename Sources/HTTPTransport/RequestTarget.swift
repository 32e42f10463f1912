import CCurl

/// Where a request goes, taken apart by libcurl's own URL parser, and the proof that the request may be sent.
struct RequestTarget: Sendable {
    /// `http` or `https`.
    let scheme: String

    /// `host:port`; an IPv6 address in brackets.
    let endpoint: String

    /// The path without the query.
    let path: String

    /// Method and path, for errors.
    let operation: String

    /// Checks a request.
    ///
    /// Throws `invalidRequest` for what libcurl would send differently from what was meant, and for what would let a value break out of its header line.
    init(_ request: HTTPClient.Request) throws(HTTPTransportError) {
        func refusal(_ message: String) -> HTTPTransportError {
            HTTPTransportError(.invalidRequest, operation: request.method.rawValue, message: message)
        }

        guard let url = curl_url() else {
            throw HTTPTransportError(.resourceExhausted, operation: request.method.rawValue)
        }
        defer { curl_url_cleanup(url) }

        // A terminator inside the Swift string would make libcurl see less than we checked.
        guard !request.url.utf8.contains(0), curl_url_set(url, CURLUPART_URL, request.url, UInt32(CURLU_PATH_AS_IS)) == CURLUE_OK else {
            throw refusal("not a valid URL")
        }
        func part(_ part: CURLUPart, _ flags: Int32 = 0) -> String? {
            var text: UnsafeMutablePointer<CChar>?
            guard curl_url_get(url, part, &text, UInt32(flags)) == CURLUE_OK, let text else { return nil }
            defer { curl_free(text) }
            return String(cString: text)
        }
        guard let scheme = part(CURLUPART_SCHEME), scheme == "http" || scheme == "https" else {
            throw refusal("not an http:// or https:// URL")
        }
        // libcurl overlooks missing and surplus slashes, and then takes a path for a host.
        guard request.url.dropFirst(scheme.utf8.count).hasPrefix("://"), !request.url.dropFirst(scheme.utf8.count).hasPrefix(":///") else {
            throw refusal("the URL has no host")
        }
        guard let host = part(CURLUPART_HOST), let port = part(CURLUPART_PORT, CURLU_DEFAULT_PORT), let path = part(CURLUPART_PATH) else {
            throw refusal("the URL has no host, port or path")
        }
        self.scheme = scheme
        endpoint = "\(host):\(port)"
        self.path = path
        operation = "\(request.method.rawValue) \(path)"

        guard request.body == nil || (request.method != .get && request.method != .head) else {
            throw refusal("a \(request.method.rawValue) request takes no body")
        }
        for (name, value) in request.headers {
            guard Self.isToken(name), Self.isFieldValue(value) else {
                throw refusal("a header field has a forbidden character in its name or value")
            }
            guard !name.caseInsensitivelyEquals("Content-Length"), !name.caseInsensitivelyEquals("Transfer-Encoding") else {
                throw refusal("the header field \(name) is set by the client alone")
            }
        }
    }

    /// RFC 9110, section 5.6.2.
    private static func isToken(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    private static func isFieldValue(_ value: String) -> Bool {
        value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == UInt8(ascii: "\t") }
    }
}

import CCurl
import Glibc

extension Transfer {
    /// Sets everything that libcurl is to do and, where its defaults are unsafe, not to do.
    func setOptions(_ configuration: HTTPClient.Configuration) throws(HTTPTransportError) {
        try setTarget()
        try setLimits(configuration)
        if job.isProbe {
            try setProbe()
            // Nothing beyond the headers is of interest.
            try set(CURLOPT_BUFFERSIZE, 4096)
        } else {
            try set(CURLOPT_CONNECTTIMEOUT_MS, configuration.connectTimeout.curlMilliseconds)
            try set(CURLOPT_TCP_KEEPALIVE, 1)
            try set(CURLOPT_TCP_KEEPIDLE, 15)
            try set(CURLOPT_TCP_KEEPINTVL, 5)
        }
        try setTLS(configuration)
        try setCallbacks()
    }

    /// Sets what differs from one probe to the next.
    func setProbe() throws(HTTPTransportError) {
        guard case .probe(_, let connectsOnly, let timeout) = job.delivery else { return }
        try set(CURLOPT_URL, job.request.url)
        try set(CURLOPT_CONNECT_ONLY, connectsOnly ? 1 : 0)
        // With several addresses of a name this says when to go on to the next.
        try set(CURLOPT_CONNECTTIMEOUT_MS, timeout.curlMilliseconds)
    }

    private func setTarget() throws(HTTPTransportError) {
        let request = job.request
        try set(CURLOPT_URL, request.url)
        try set(CURLOPT_PATH_AS_IS, 1)
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        try set(CURLOPT_FOLLOWLOCATION, 0)
        try set(CURLOPT_PROXY, "")
        try set(CURLOPT_NOPROXY, "*")
        try set(CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))

        switch request.method {
        case .get:
            try set(CURLOPT_HTTPGET, 1)
        case .head:
            try set(CURLOPT_NOBODY, 1)
        case .delete where request.body == nil:
            try set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        case .post, .put, .delete:
            let body = request.body ?? []
            // The size comes first: it is how much libcurl copies.
            try check(CCurl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
            // Null would mean that the body comes from a callback, and an empty array may have no address.
            try check((body.isEmpty ? [0] : body).withUnsafeBytes { CCurl_set_bytes(handle, CURLOPT_COPYPOSTFIELDS, $0.baseAddress) })
            try set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        }
        try setHeaders(request.headers)
    }

    private func setHeaders(_ headers: [(name: String, value: String)]) throws(HTTPTransportError) {
        // Waiting for "100 Continue" costs a round trip and up to a second where a server ignores it.
        try appendHeader("Expect:")
        if !headers.contains(where: { $0.name.caseInsensitivelyEquals("Content-Type") }) {
            // libcurl would call every body a form.
            try appendHeader("Content-Type:")
        }
        for (name, value) in headers {
            // With a colon and nothing behind it libcurl removes a header; a semicolon sends it empty.
            try appendHeader(value.allSatisfy { $0 == " " || $0 == "\t" } ? "\(name);" : "\(name): \(value)")
        }
        try check(CCurl_set_list(handle, CURLOPT_HTTPHEADER, headerList))
    }

    private func appendHeader(_ line: String) throws(HTTPTransportError) {
        guard let list = curl_slist_append(headerList, line) else {
            throw job.error(.resourceExhausted)
        }
        headerList = list
    }

    private func setLimits(_ configuration: HTTPClient.Configuration) throws(HTTPTransportError) {
        try set(CURLOPT_USERAGENT, configuration.userAgent)
        try set(CURLOPT_MAXAGE_CONN, configuration.maximumIdleAge.curlSeconds)
        try set(CURLOPT_MAXLIFETIME_CONN, configuration.maximumConnectionLifetime.curlSeconds)
        try set(CURLOPT_NOSIGNAL, 1)
        // A name is looked up again for each new connection: a failed-over server may have moved, and libcurl walks its whole cache at each transfer.
        try set(CURLOPT_DNS_CACHE_TIMEOUT, 0)
        // Else ending a transfer waits for its running name lookup, and with it the whole loop.
        try set(CURLOPT_QUICK_EXIT, 1)
        if job.request.freshConnection {
            try set(CURLOPT_FRESH_CONNECT, 1)
            try set(CURLOPT_FORBID_REUSE, 1)
        }
    }

    private func setTLS(_ configuration: HTTPClient.Configuration) throws(HTTPTransportError) {
        let tls = job.request.tls
        try set(CURLOPT_SSL_VERIFYPEER, 1)
        try set(CURLOPT_SSL_VERIFYHOST, 2)
        try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        // A resumed session is not verified again: after a change of the trusted certificates it would let the old server in.
        try set(CURLOPT_SSL_SESSIONID_CACHE, 0)
        try set(CURLOPT_CA_CACHE_TIMEOUT, configuration.certificateAuthorityLifetime.curlSeconds)
        // The contents, not the paths: libcurl shares connections between equal ones only, so that none goes on with replaced certificates.
        if let authorities = tls.authorities {
            try set(CURLOPT_CAINFO_BLOB, contentOf: authorities, orFail: .certificateAuthorityUnusable)
        }
        if tls.authorities != nil || CurlLibrary.hasAuthorityFile {
            // The system's directory of authorities would be trusted besides the file, and keeps libcurl from caching what it has parsed.
            try check(CCurl_set_string(handle, CURLOPT_CAPATH, nil))
        }
        if let certificate = tls.certificate {
            try set(CURLOPT_SSLCERT_BLOB, contentOf: certificate, orFail: .clientCertificateUnusable)
            try set(CURLOPT_SSLKEY_BLOB, contentOf: tls.key ?? certificate, orFail: .clientCertificateUnusable)
            // Without a passphrase OpenSSL asks for one on the terminal and waits.
            try set(CURLOPT_KEYPASSWD, "")
        }
    }

    private func setCallbacks() throws(HTTPTransportError) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        try set(CURLOPT_PRIVATE, context)
        try set(CURLOPT_ERRORBUFFER, UnsafeMutableRawPointer(errorBuffer))
        try set(CURLOPT_HEADERDATA, context)
        try check(CCurl_set_write_function(handle, CURLOPT_HEADERFUNCTION, receiveHeaderLine))
        try set(CURLOPT_WRITEDATA, context)
        try check(CCurl_set_write_function(handle, CURLOPT_WRITEFUNCTION, receiveBodyPiece))
        if job.isProbe {
            try check(CCurl_set_socket_option_function(handle, prepareProbeSocket))
        } else {
            try check(CCurl_set_socket_option_function(handle, prepareSocket))
        }
    }

    private func set(
        _ option: CURLoption,
        contentOf pem: HTTPClient.PEM,
        orFail code: HTTPTransportError.Code
    ) throws(HTTPTransportError) {
        let content: [UInt8]
        switch pem {
        case .content(let bytes):
            content = bytes
        case .file(let path):
            var failure: CInt = 0
            guard let bytes = CertificateFile.content(of: path, failure: &failure) else {
                throw job.error(code, message: "\(code.summary): \(path): \(String(cString: strerror(failure)))")
            }
            content = bytes
        }
        try check(content.withUnsafeBytes { CCurl_set_blob(handle, option, $0.baseAddress, $0.count) })
    }

    private func set(_ option: CURLoption, _ value: Int) throws(HTTPTransportError) {
        try check(CCurl_set_long(handle, option, value))
    }

    private func set(_ option: CURLoption, _ value: String) throws(HTTPTransportError) {
        try check(CCurl_set_string(handle, option, value))
    }

    private func set(_ option: CURLoption, _ value: UnsafeMutableRawPointer) throws(HTTPTransportError) {
        try check(CCurl_set_pointer(handle, option, value))
    }

    private func check(_ result: CURLcode) throws(HTTPTransportError) {
        if let failure = failure(result) {
            throw failure
        }
    }
}

extension Duration {
    /// For libcurl, to which 0 means no limit: at least 1, rounded up, at most 24 days.
    var curlMilliseconds: Int {
        guard self < .milliseconds(Int32.max) else { return Int(Int32.max) }
        let (seconds, attoseconds) = components
        return max(1, Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
    }

    /// Whole seconds for libcurl, to which 0 often means no limit: at least 1, at most 68 years.
    var curlSeconds: Int {
        Int(min(max(1, components.seconds), Int64(Int32.max)))
    }
}

// MARK: - Callbacks, called by libcurl on the loop's thread

/// `CURLOPT_HEADERFUNCTION`: one whole line, borrowed for the call. Any result but its length ends the transfer.
private func receiveHeaderLine(_ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?) -> Int {
    guard let context else { return 0 }
    let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.receive(headerLine: UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
}

/// `CURLOPT_WRITEFUNCTION`: some bytes, borrowed for the call.
private func receiveBodyPiece(_ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?) -> Int {
    guard let context else { return Int(CURL_WRITEFUNC_ERROR) }
    let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    switch transfer.receive(body: UnsafeRawBufferPointer(start: bytes, count: size * count)) {
    case .accepted: return size * count
    case .paused: return Int(CURL_WRITEFUNC_PAUSE)
    case .refused: return Int(CURL_WRITEFUNC_ERROR)
    }
}

/// `CURLOPT_SOCKOPTFUNCTION`: the socket stays with this process, and a peer that acknowledges nothing for 30 s is gone, which also bounds unanswered
/// keepalive probes. A kernel that refuses costs nothing but that.
private func prepareSocket(_ context: UnsafeMutableRawPointer?, _ descriptor: curl_socket_t, _ purpose: curlsocktype) -> CInt {
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    var milliseconds: CInt = 30_000
    setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_USER_TIMEOUT, &milliseconds, socklen_t(MemoryLayout<CInt>.size))
    return CURL_SOCKOPT_OK
}

/// `CURLOPT_SOCKOPTFUNCTION` of a probe: closing breaks the connection off, since thousands of probes a second would leave a minute's worth of ports in
/// `TIME_WAIT`; HAProxy ends its checks like this too.
private func prepareProbeSocket(_ context: UnsafeMutableRawPointer?, _ descriptor: curl_socket_t, _ purpose: curlsocktype) -> CInt {
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    var reset = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, socklen_t(MemoryLayout<linger>.size))
    return CURL_SOCKOPT_OK
}

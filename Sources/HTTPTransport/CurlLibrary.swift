import CCurl

/// The libcurl that is loaded at run time, which need not be the one we were compiled with.
enum CurlLibrary {
    /// 7.87.0: `CURLOPT_CA_CACHE_TIMEOUT` and `CURLOPT_QUICK_EXIT`.
    private static let minimumVersion: UInt32 = 0x07_57_00

    /// Whether libcurl trusts a file of authorities by default, as on Debian, and not only a directory.
    static let hasAuthorityFile = curl_version_info(CURLVERSION_FIRST)?.pointee.cainfo != nil

    private static let initialisation: CURLcode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

    /// Initialises libcurl for the process, once, and checks that it can do what we depend on.
    ///
    /// `curl_global_cleanup` is never called: other clients and libraries of the process may use libcurl.
    static func prepare() throws(HTTPTransportError) {
        guard initialisation == CURLE_OK else {
            throw refusal(String(cString: curl_easy_strerror(initialisation)))
        }
        guard let information = curl_version_info(CURLVERSION_FIRST)?.pointee else {
            throw refusal("libcurl does not say what it can do")
        }
        if let lack = lack(version: information.version_num, features: information.features) {
            throw refusal("libcurl \(information.version.map { String(cString: $0) } ?? ""): \(lack)")
        }
    }

    /// What a libcurl of this version and these `CURL_VERSION_` bits lacks; nil for nothing.
    static func lack(version: UInt32, features: CInt) -> String? {
        if version < minimumVersion {
            return "7.87.0 or later is needed"
        }
        if features & CURL_VERSION_ASYNCHDNS == 0 {
            return "it resolves names synchronously, which would stop all transfers for the time of a lookup"
        }
        return features & CURL_VERSION_SSL == 0 ? "it is built without TLS" : nil
    }

    private static func refusal(_ message: String) -> HTTPTransportError {
        HTTPTransportError(.unsupportedLibrary, operation: "start the HTTP client", message: message)
    }
}

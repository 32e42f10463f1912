extension HTTPClient {
    /// What a probe asks.
    package enum Probe: Sendable {
        /// GET of an absolute http or https URL.
        case get(url: String)
        /// A TCP connection to `host:port`, on which nothing is sent.
        case connect(endpoint: String)

        static let headers = [(name: "Connection", value: "close")]

        var url: String {
            switch self {
            case .get(let url): url
            case .connect(let endpoint): "http://\(endpoint)/"
            }
        }

        var connectsOnly: Bool {
            if case .connect = self { true } else { false }
        }
    }
}

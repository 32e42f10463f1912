internal import FoundationEssentials
internal import HTTPTransport

/// The API server of a cluster: requests out, decoded answers back, every failure in words.
struct APIServer: Sendable {
    /// The longest time that a `Retry-After` is obeyed for.
    private static let longestDelay = Duration.seconds(30)

    private let access: ClusterAccess
    private let configuration: KubernetesSource.Configuration
    private let client: HTTPClient
    private let token: String?

    /// Makes a client that sends a token with every request; `nil`: none.
    init(access: ClusterAccess, configuration: KubernetesSource.Configuration, client: HTTPClient, token: String?) {
        self.access = access
        self.configuration = configuration
        self.client = client
        self.token = token
    }

    /// Reads one page of a list.
    func list(_ request: ListRequest) async throws -> ObjectList {
        var query = ["limit": "\(request.limit)"]
        query["continue"] = request.continueToken
        query["fieldSelector"] = request.only.map { "metadata.name=\($0.name)" }
        if let version = request.exactly {
            query["resourceVersion"] = "\(version)"
            query["resourceVersionMatch"] = "Exact"
        }
        let namespace = request.only?.namespace ?? configuredNamespace
        let response = try await client.send(
            httpRequest(namespace, query),
            timeout: request.only == nil ? configuration.listTimeout : configuration.requestTimeout,
            bodyLimit: configuration.answerLimit
        )
        guard response.status == 200 else { throw failure(status: response.status, headers: response.headers, body: response.body) }
        return try decode(ObjectList.self, from: response.body)
    }

    /// A watch that is open.
    struct Watch {
        /// The bytes of its answers, each of which is a line for ``APIServer/event(from:)``.
        let body: HTTPClient.StreamingResponse.Body
        /// When the server ends it, at the latest.
        let lifetime: Duration
        /// The certificates that it was opened with.
        let certificates: [HTTPClient.TLSOptions.FileStamp?]
    }

    /// Opens a watch.
    func watch(_ request: WatchRequest) async throws -> Watch {
        let seconds = max(1, Int(configuration.watchLifetime * Double.random(in: 1...2) / .seconds(1)))
        let query = [
            "watch": "true", "resourceVersion": "\(request.version)", "allowWatchBookmarks": "true", "timeoutSeconds": "\(seconds)",
        ]
        // Before it is opened: what is replaced meanwhile is not what it was opened with.
        let certificates = access.tls.fileStamps
        let response = try await client.stream(
            httpRequest(configuredNamespace, query),
            responseTimeout: configuration.requestTimeout,
            idleTimeout: configuration.idleTimeout
        )
        guard response.status == 200 else {
            throw failure(status: response.status, headers: response.headers, body: await response.errorBody())
        }
        return Watch(body: response.body, lifetime: .seconds(seconds), certificates: certificates)
    }

    /// Reads one line of a watch.
    func event(from line: [UInt8]) throws -> WatchEvent {
        try decode(WatchEvent.self, from: line)
    }

    /// An error of this server.
    func error(_ message: String, _ cause: KubernetesError.Cause = .failed, delay: Duration = .zero) -> KubernetesError {
        KubernetesError(
            operation: "GET \(configuration.resource.path(in: configuredNamespace))",
            endpoint: access.endpoint,
            message: message,
            cause: cause,
            delay: delay
        )
    }

    /// The error of this server that an answer of its session is.
    func error(_ refusal: Refusal) -> KubernetesError {
        error(refusal.description, refusal.showsOtherHistory ? .otherHistory : .failed)
    }

    /// The error of this server that a failed watch says of itself.
    func error(_ status: Status) -> KubernetesError {
        failure(status: status.code ?? 0, status, delay: .zero)
    }
}

extension APIServer {
    /// The namespace of paths; `nil`: all.
    private var configuredNamespace: String? { access.namespace == "*" ? nil : access.namespace }

    private func httpRequest(_ namespace: String?, _ query: [String: String]) -> HTTPClient.Request {
        var query = query
        query["labelSelector"] = configuration.labelSelector
        let items = query.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.encoded($0.value))" }
        return HTTPClient.Request(
            url: "\(access.server)\(configuration.resource.path(in: namespace))?\(items.joined(separator: "&"))",
            headers: [("Accept", "application/json")] + (token.map { [("Authorization", "Bearer \($0)")] } ?? []),
            tls: access.tls
        )
    }

    /// A value of a query with everything encoded that is not unreserved (RFC 3986, section 2.3): a plus sign would be a space.
    private static func encoded(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                encoded += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }

    private func decode<Answer: Decodable>(_ type: Answer.Type, from bytes: [UInt8]) throws -> Answer {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw self.error("the answer is not what Kubernetes sends: \(error)")
        }
    }
}

// MARK: - Failures

extension APIServer {
    private func failure(status: Int, headers: HTTPHeaders, body: [UInt8]) -> KubernetesError {
        // Not every error says that it is JSON, and some are none.
        let decoded = (try? JSONDecoder().decode(Status.self, from: Data(body))).flatMap { $0.isStatus ? $0 : nil }
        let seconds = headers["Retry-After"].flatMap { Int($0) }.map { max(0, $0) } ?? 0
        let delay = min(.seconds(min(seconds, 86_400)), Self.longestDelay)
        let words = String(decoding: body.prefix(300), as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init)
        return failure(status: status, decoded ?? Status(message: words), delay: delay)
    }

    private func failure(status: Int, _ found: Status, delay: Duration) -> KubernetesError {
        let words = found.message.map { ": Kubernetes says: \($0.prefix(300))" } ?? ""
        switch status {
        case 401:
            return error("the API server does not know \(access.identity) (status 401)\(words)", .unauthenticated, delay: delay)
        case 403:
            let scope = configuredNamespace.map { "in namespace \($0)" } ?? "in all namespaces"
            let verbs = KubernetesSource.Resource.verbs.joined(separator: " and ")
            return error("this needs a role that may \(verbs) \(configuration.resource.name) \(scope) (status 403)\(words)", .forbidden, delay: delay)
        case 404:
            let advice = configuration.resource == .endpointSlices ? "; Kubernetes before 1.21 has resource: endpoints only" : ""
            return error("the API server does not serve \(configuration.resource.apiVersion) \(configuration.resource.name)\(advice)\(words)")
        default:
            return error("the answer has status \(status)\(words)", found.saysExpired ? .expired : cause(of: status), delay: delay)
        }
    }

    private func cause(of status: Int) -> KubernetesError.Cause {
        switch status {
        case 410: .expired
        case 500: .internalError
        case let status where Status.passing.contains(status): .passing
        default: .failed
        }
    }
}

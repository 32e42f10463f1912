internal import FoundationEssentials
internal import HTTPTransport

/// The keys API of one etcd endpoint: requests out, decoded answers back, every failure in words.
struct KeysClient: Sendable {
    /// When a list is asked for again that etcd has not begun to answer. The member asks its leader, and a leader that died meanwhile never
    /// answers: whoever leaves a member because it died is just in time for that. etcd itself gives up after 7 s.
    private static let leaderTimeout = Duration.seconds(3)

    private let endpoint: Endpoint
    private let configuration: EtcdSource.Configuration
    private let client: HTTPClient
    /// The directory that is read; with a slash at its end, so that the right to read what is in it is enough.
    private let path: String

    /// Makes the client of an endpoint for the directory of a prefix.
    init(endpoint: Endpoint, configuration: EtcdSource.Configuration, client: HTTPClient, path: String) {
        self.endpoint = endpoint
        self.configuration = configuration
        self.client = client
        self.path = path
    }

    /// The path of a prefix, with what a URL does not take as it is encoded.
    static func path(of keys: KeySpace) -> String {
        var components = URLComponents()
        components.path = "/v2/keys" + String(decoding: keys.prefix, as: UTF8.self)
        return components.percentEncodedPath
    }

    /// Opens a watch from an index on, or from now on: the bytes of its answers, each of which is a line for ``event(from:)``.
    ///
    /// The longest silence is up to a fifth shorter than configured: a list follows, and the many that saw the same last change must
    /// not list at the same time.
    func watch(from index: UInt64?, authorization: String?) async throws -> (head: KeysHead, body: HTTPClient.StreamingResponse.Body) {
        let query = "recursive=true&wait=true&stream=true" + (index.map { "&waitIndex=\($0)" } ?? "")
        let response = try await client.stream(
            request(query, authorization),
            responseTimeout: configuration.requestTimeout,
            idleTimeout: configuration.idleTimeout * Double.random(in: 0.8...1)
        )
        guard response.status == 200 else { throw failure(status: response.status, body: await response.errorBody()) }
        return (try head(of: response.headers), response.body)
    }

    /// Reads the directory with everything in it, linearizably; `nil`: there is none.
    func list(authorization: String?) async throws -> (root: KeysNode?, head: KeysHead) {
        let request = request("recursive=true&quorum=true", authorization)
        let response: HTTPClient.StreamingResponse
        do {
            response = try await answer(to: request, timeout: min(Self.leaderTimeout, configuration.requestTimeout))
        } catch {
            guard error.code == .timedOut else { throw error }
            response = try await answer(to: request, timeout: configuration.requestTimeout)
        }
        guard response.status == 200 else {
            let body = await response.errorBody()
            guard keysError(in: body)?.saysNotFound == true else { throw failure(status: response.status, body: body) }
            return (nil, try head(of: response.headers))
        }
        let body = try await response.wholeBody(limit: configuration.answerLimit, within: configuration.listTimeout)
        return (try decode(KeysAnswer.self, from: body).node, try head(of: response.headers))
    }

    /// Reads one line of a watch.
    func event(from line: [UInt8]) throws -> KeysEvent {
        try decode(KeysEvent.self, from: line)
    }

    /// An error of this endpoint.
    func error(_ message: String, _ cause: EtcdError.Cause = .failed) -> EtcdError {
        EtcdError(operation: "GET \(path)", endpoint: endpoint.description, message: message, cause: cause)
    }

    /// The error of this endpoint that an answer of its session is.
    func error(_ refusal: Refusal) -> EtcdError {
        error(refusal.description, refusal.showsOtherHistory ? .otherHistory : .failed)
    }
}

extension KeysClient {
    private func answer(to request: HTTPClient.Request, timeout: Duration) async throws(HTTPTransportError) -> HTTPClient.StreamingResponse {
        try await client.stream(request, responseTimeout: timeout, idleTimeout: configuration.requestTimeout)
    }

    private func request(_ query: String, _ authorization: String?) -> HTTPClient.Request {
        HTTPClient.Request(
            url: "\(endpoint.url)\(path)?\(query)",
            headers: authorization.map { [("Authorization", $0)] } ?? [],
            tls: configuration.tls
        )
    }

    private func head(of headers: HTTPHeaders) throws -> KeysHead {
        guard let head = KeysHead(headers) else { throw error("the answer has no X-Etcd-Index: this is not etcd") }
        return head
    }

    private func decode<Answer: Decodable>(_ type: Answer.Type, from bytes: [UInt8]) throws -> Answer {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            if let keysError = keysError(in: bytes) { throw self.error(EtcdError.quote("\(keysError)")) }
            throw self.error("the answer is not what etcd sends: \(error)")
        }
    }

    private func keysError(in body: [UInt8]) -> KeysError? {
        try? JSONDecoder().decode(KeysError.self, from: Data(body))
    }

    private func failure(status: Int, body: [UInt8]) -> EtcdError {
        switch (status, keysError(in: body)) {
        case (401, _):
            guard let username = configuration.credentials?.username else {
                return error("etcd refused a client without a username" + EtcdError.adviceToLogIn, .unauthenticated)
            }
            // etcd's answer is the same for both.
            return error(
                "etcd refused username \(username) or its password, or it may not read the prefix \(configuration.prefix)",
                .unauthenticated
            )
        case (403, _):
            return error(configuration.permissionDenied)
        case (_, let keysError?):
            return error(EtcdError.quote("\(keysError)"), keysError.saysEventsCleared ? .outOfRange : .failed)
        case (404, nil):
            return error("etcd does not serve the v2 API: start it with --enable-v2 (3.5 or earlier), or use api: v3")
        case (_, nil):
            return error("the answer has status \(status)")
        }
    }
}

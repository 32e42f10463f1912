internal import FoundationEssentials
internal import HTTPTransport

/// The JSON gateway of one etcd endpoint: requests out, decoded answers back, every failure in words.
struct Gateway: Sendable {
    /// How much of an error's body is read.
    private static let errorBodyLimit = 64 << 10
    /// How much of etcd's words is shown.
    private static let errorTextLimit = 300

    private let client: HTTPClient
    private let baseURL: String
    private let tls: HTTPClient.TLSOptions
    private let requestTimeout: Duration
    private let idleTimeout: Duration

    /// Makes the gateway at a client URL of etcd.
    init(endpoint: String, configuration: EtcdSource.Configuration, client: HTTPClient) {
        self.client = client
        self.baseURL = endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
        self.tls = HTTPClient.TLSOptions(caFile: configuration.certificateAuthorityFile)
        self.requestTimeout = configuration.requestTimeout
        self.idleTimeout = configuration.idleTimeout
    }

    /// Reads one page of keys.
    func range(_ request: RangeRequest) async throws -> RangeResponse {
        let operation = Operation.range
        let response = try await client.send(try httpRequest(operation, request), timeout: requestTimeout)
        guard response.status == 200 else { throw failure(operation, status: response.status, body: response.body) }
        return try decode(RangeResponse.self, from: response.body, operation)
    }

    /// Opens a watch: the bytes of its answers, each of which is a line for ``watchResponse(from:)``.
    func watch(_ request: WatchRequest) async throws -> HTTPClient.StreamingResponse.Body {
        let operation = Operation.watch
        let response = try await client.stream(
            try httpRequest(operation, request),
            responseTimeout: requestTimeout,
            idleTimeout: idleTimeout
        )
        guard response.status == 200 else {
            var body: [UInt8] = []
            // Whatever ends the body, the status is what went wrong.
            let pieces = response.body.makeAsyncIterator()
            while body.count < Self.errorBodyLimit, let piece = try? await pieces.next() { body += piece }
            throw failure(operation, status: response.status, body: body)
        }
        return response.body
    }

    /// Reads one line of a watch.
    func watchResponse(from line: [UInt8]) throws -> WatchResponse {
        try decode(WatchResponse.self, from: line, .watch)
    }

    /// An error of this endpoint.
    func error(_ operation: Operation, _ message: String, isOutOfRange: Bool = false) -> EtcdError {
        EtcdError(operation: "POST \(operation.rawValue)", endpoint: host, message: message, isOutOfRange: isOutOfRange)
    }
}

extension Gateway {
    /// What is asked of etcd: the path of its gateway.
    enum Operation: String {
        case range = "/v3/kv/range"
        case watch = "/v3/watch"
    }

    /// `host:port` of the endpoint, without the user information that a URL may have.
    private var host: String {
        let authority = baseURL.split(separator: "/", omittingEmptySubsequences: true).dropFirst().first ?? "?"
        return String(authority.split(separator: "@").last ?? "?")
    }

    private func httpRequest(_ operation: Operation, _ body: some Encodable) throws -> HTTPClient.Request {
        HTTPClient.Request(
            .post,
            url: baseURL + operation.rawValue,
            headers: [("Content-Type", "application/json")],
            body: [UInt8](try JSONEncoder().encode(body)),
            tls: tls
        )
    }

    private func decode<Answer: Decodable>(_ type: Answer.Type, from bytes: [UInt8], _ operation: Operation) throws -> Answer {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as GatewayError {
            throw failure(operation, error)
        } catch {
            throw self.error(operation, "the answer is not what etcd sends: \(error)")
        }
    }

    private func failure(_ operation: Operation, status: Int, body: [UInt8]) -> EtcdError {
        let gatewayError = try? JSONDecoder().decode(GatewayError.self, from: Data(body))
        guard let gatewayError, !gatewayError.message.isEmpty else { return error(operation, "the answer has status \(status)") }
        return failure(operation, gatewayError)
    }

    private func failure(_ operation: Operation, _ gatewayError: GatewayError) -> EtcdError {
        let code = gatewayError.code == 0 ? "" : " (code \(gatewayError.code))"
        let words = gatewayError.message.prefix(Self.errorTextLimit)
        return error(operation, "etcd says: \(words)\(code)", isOutOfRange: gatewayError.isOutOfRange)
    }
}

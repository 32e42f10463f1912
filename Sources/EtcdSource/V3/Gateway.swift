internal import FoundationEssentials
internal import HTTPTransport

/// The JSON gateway of one etcd endpoint: requests out, decoded answers back, every failure in words.
struct Gateway: Sendable {
    /// Where it is.
    let endpoint: Endpoint
    private let configuration: EtcdSource.Configuration
    private let client: HTTPClient
    private let authentication: Authentication?

    /// Makes the gateway at an endpoint of etcd; without `authentication` requests carry no token.
    init(endpoint: Endpoint, configuration: EtcdSource.Configuration, client: HTTPClient, authentication: Authentication?) {
        self.endpoint = endpoint
        self.configuration = configuration
        self.client = client
        self.authentication = authentication
    }

    /// Reads one page of keys.
    func range(_ request: RangeRequest) async throws -> RangeResponse {
        let operation = Operation.range
        let token = try await authentication?.token(at: self)
        let httpRequest = try httpRequest(operation, request, token: token)
        let response = try await client.stream(
            httpRequest,
            responseTimeout: configuration.requestTimeout,
            idleTimeout: configuration.requestTimeout
        )
        guard response.status == 200 else { throw failure(operation, status: response.status, body: await response.errorBody()) }
        let body = try await body(of: response, operation)
        do {
            return try decode(RangeResponse.self, from: body, operation)
        } catch let error as GatewayError {
            throw failure(operation, error)
        }
    }

    /// Opens a watch: the bytes of its answers, each of which is a line for ``watchResponse(from:)``.
    func watch(_ request: WatchRequest) async throws -> HTTPClient.StreamingResponse.Body {
        let operation = Operation.watch
        let token = try await authentication?.token(at: self)
        let response = try await client.stream(
            try httpRequest(operation, request, token: token),
            responseTimeout: configuration.requestTimeout,
            idleTimeout: configuration.idleTimeout
        )
        guard response.status == 200 else { throw failure(operation, status: response.status, body: await response.errorBody()) }
        return response.body
    }

    /// Reads one line of a watch.
    func watchResponse(from line: [UInt8]) throws -> WatchResponse {
        do {
            return try decode(WatchResponse.self, from: line, .watch)
        } catch let error as GatewayError {
            throw failure(.watch, error)
        }
    }

    /// Logs in.
    ///
    /// - Returns: the token for later requests. Throws a ``GatewayError`` when etcd refuses.
    func authenticate(username: String, password: String) async throws -> String {
        let operation = Operation.authenticate
        let body = AuthenticateRequest(name: username, password: password)
        let response = try await client.send(try httpRequest(operation, body, token: nil), timeout: configuration.requestTimeout)
        guard response.status == 200 else {
            throw gatewayError(in: response.body) ?? failure(operation, status: response.status, body: [])
        }
        let token = try decode(AuthenticateResponse.self, from: response.body, operation).token
        // A header field takes no other characters.
        guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw error(operation, "the answer has no token: this is not etcd")
        }
        return token
    }

    /// An error of this endpoint.
    func error(_ operation: Operation, _ message: String, _ cause: EtcdError.Cause = .failed) -> EtcdError {
        EtcdError(operation: "POST \(operation.rawValue)", endpoint: endpoint.description, message: message, cause: cause)
    }

    /// The error of this endpoint that an answer of its session is.
    func error(_ operation: Operation, _ refusal: Refusal) -> EtcdError {
        if refusal.showsOtherHistory { return error(operation, refusal.description, .otherHistory) }
        // A watch is refused in the words of its cancellation.
        let gatewayError = GatewayError(code: 0, message: refusal.description)
        guard gatewayError.saysUnauthenticated || gatewayError.saysPermissionDenied else { return error(operation, refusal.description) }
        return failure(operation, gatewayError)
    }

    /// The error of this endpoint that etcd's own is.
    func failure(_ operation: Operation, _ gatewayError: GatewayError) -> EtcdError {
        if gatewayError.saysPermissionDenied { return error(operation, configuration.permissionDenied) }
        let code = gatewayError.code == 0 ? "" : " (code \(gatewayError.code))"
        let words = EtcdError.quote(gatewayError.message) + code
        if gatewayError.isOutOfRange { return error(operation, words, .outOfRange) }
        guard gatewayError.saysUnauthenticated else { return error(operation, words) }
        let advice = authentication == nil ? EtcdError.adviceToLogIn : ""
        return error(operation, words + advice, .unauthenticated)
    }
}

extension Gateway {
    /// What is asked of etcd: the path of its gateway.
    enum Operation: String {
        case authenticate = "/v3/auth/authenticate"
        case range = "/v3/kv/range"
        case watch = "/v3/watch"
    }

    private func body(of response: HTTPClient.StreamingResponse, _ operation: Operation) async throws -> [UInt8] {
        do throws(HTTPTransportError) {
            return try await response.wholeBody(limit: configuration.answerLimit, within: configuration.requestTimeout)
        } catch {
            switch error.code {
            case .bodyTooLarge: throw self.error(operation, error.message, .tooLarge)
            case .timedOut: throw self.error(operation, error.message, .tooSlow)
            default: throw error
            }
        }
    }

    private func httpRequest(_ operation: Operation, _ body: some Encodable, token: String?) throws -> HTTPClient.Request {
        HTTPClient.Request(
            .post,
            url: endpoint.url + operation.rawValue,
            headers: [
                ("Content-Type", "application/json"),
                // A member that has lost its leader then answers with an error, and ends watches, which would just be silent.
                ("Grpc-Metadata-Hasleader", "true"),
            ] + (token.map { [("Authorization", $0)] } ?? []),
            body: [UInt8](try JSONEncoder().encode(body)),
            tls: configuration.tls
        )
    }

    /// Decodes an answer; an error in its place is thrown as a ``GatewayError``.
    private func decode<Answer: Decodable>(_ type: Answer.Type, from bytes: [UInt8], _ operation: Operation) throws -> Answer {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as GatewayError {
            throw error
        } catch {
            throw self.error(operation, "the answer is not what etcd sends: \(error)")
        }
    }

    private func gatewayError(in body: [UInt8]) -> GatewayError? {
        let gatewayError = try? JSONDecoder().decode(GatewayError.self, from: Data(body))
        return gatewayError?.message.isEmpty == false ? gatewayError : nil
    }

    private func failure(_ operation: Operation, status: Int, body: [UInt8]) -> EtcdError {
        guard let gatewayError = gatewayError(in: body) else { return error(operation, "the answer has status \(status)") }
        return failure(operation, gatewayError)
    }
}

/// The body of `POST /v3/auth/authenticate`.
struct AuthenticateRequest: Encodable, Equatable, Sendable {
    var name: String
    var password: String
}

/// The answer to an ``AuthenticateRequest``.
struct AuthenticateResponse: Decodable, Equatable, Sendable {
    /// What later requests carry as their `Authorization`; empty in what is not an answer of etcd.
    var token: String

    private enum CodingKeys: String, CodingKey {
        case token, error
    }

    /// Reads an answer; an error in its place is thrown as a ``GatewayError``.
    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        if fields.contains(.error) { throw try GatewayError(from: decoder) }
        token = try fields.decodeIfPresent(String.self, forKey: .token) ?? ""
    }
}

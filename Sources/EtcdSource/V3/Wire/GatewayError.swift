/// An error of etcd's JSON gateway, in any of its shapes.
///
/// A single answer of 3.4 is `{"error": "text", "message": "text", "code": 11}`, of 3.6 `{"code": 11, "message": "text"}`; a stream has
/// `{"error": {"message": "text", "grpc_code": 11}}` or `{"error": {"message": "text", "code": 11}}` as one of its lines.
struct GatewayError: Error, Decodable, Equatable {
    /// The gRPC status code; 0 when left out.
    var code = 0
    /// etcd's own words; empty when there are none.
    var message = ""

    private enum CodingKeys: String, CodingKey {
        case code, grpcCode = "grpc_code", message, error
    }

    init(code: Int, message: String) {
        self.code = code
        self.message = message
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        if let nested = try? fields.nestedContainer(keyedBy: CodingKeys.self, forKey: .error) {
            try read(nested)
        } else {
            try read(fields)
            if message.isEmpty { message = try fields.decodeIfPresent(String.self, forKey: .error) ?? "" }
        }
    }

    private mutating func read(_ fields: KeyedDecodingContainer<CodingKeys>) throws {
        code = try fields.decodeIfPresent(Int.self, forKey: .code) ?? fields.decodeIfPresent(Int.self, forKey: .grpcCode) ?? 0
        message = try fields.decodeIfPresent(String.self, forKey: .message) ?? ""
    }

    /// Whether etcd does not know who asks. Newer members say so by code, some by words only, and a watch in the words of its cancellation.
    var saysUnauthenticated: Bool { code == 16 || Self.unauthenticated.contains { message.contains($0) } }

    private static let unauthenticated = ["invalid auth token", "user name is empty", "revision of auth store is old", "Unauthenticated"]

    /// Whether the user may not read what was asked for.
    var saysPermissionDenied: Bool { code == 7 || message.contains("permission denied") }

    /// Whether the answer to a login is that nobody needs one.
    var saysNotEnabled: Bool { message.contains("authentication is not enabled") }

    /// Whether the answer to a login is that user and password do not fit, or that there is no such user.
    var saysWrongPassword: Bool { message.contains("authentication failed") }

    /// Whether the store no longer has the revision that was asked for, or does not have it yet: gRPC's "out of range".
    var isOutOfRange: Bool { code == 11 || message.contains("compacted") }
}

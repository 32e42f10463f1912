/// The answer to a ``RangeRequest``.
struct RangeResponse: Decodable, Equatable, Sendable {
    /// `nil` in what is not an answer of etcd, such as `{}`.
    var header: ResponseHeader?
    var keyValues: [KeyValue] = []
    /// Whether there are keys behind the last one.
    var hasMore = false
    /// How many keys there are in the whole range.
    var count: Int64 = 0

    private enum CodingKeys: String, CodingKey {
        case header, keyValues = "kvs", hasMore = "more", count, error
    }

    init(header: ResponseHeader?, keyValues: [KeyValue] = [], hasMore: Bool = false, count: Int64 = 0) {
        self.header = header
        self.keyValues = keyValues
        self.hasMore = hasMore
        self.count = count
    }

    /// Reads an answer; an error in its place is thrown as a ``GatewayError``.
    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        if fields.contains(.error) { throw try GatewayError(from: decoder) }
        header = try fields.decodeIfPresent(ResponseHeader.self, forKey: .header)
        keyValues = try fields.decodeIfPresent([KeyValue].self, forKey: .keyValues) ?? []
        hasMore = try fields.decodeIfPresent(Bool.self, forKey: .hasMore) ?? false
        count = try fields.decodeInteger(forKey: .count)
    }
}

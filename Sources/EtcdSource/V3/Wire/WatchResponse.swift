/// One message of a watch stream: one line of its body.
struct WatchResponse: Decodable, Equatable, Sendable {
    /// One change of one key.
    struct Event: Decodable, Equatable, Sendable {
        var isDeletion = false
        var keyValue: KeyValue
    }

    var header: ResponseHeader?
    var watchID: Int64 = 0
    var isCreated = false
    var isCanceled = false
    /// When canceled for it: the oldest revision that the store still has.
    var compactRevision: Int64 = 0
    var cancelReason = ""
    var events: [Event] = []
}

extension WatchResponse {
    private enum MessageKeys: String, CodingKey {
        case result, error
    }

    private enum CodingKeys: String, CodingKey {
        case header, watchID = "watch_id", isCreated = "created", isCanceled = "canceled", compactRevision = "compact_revision",
            cancelReason = "cancel_reason", events
    }

    /// Reads `{"result": {…}}`; an error in its place is thrown as a ``GatewayError``.
    init(from decoder: any Decoder) throws {
        let message = try decoder.container(keyedBy: MessageKeys.self)
        if message.contains(.error) { throw try GatewayError(from: decoder) }
        let fields = try message.nestedContainer(keyedBy: CodingKeys.self, forKey: .result)
        header = try fields.decodeIfPresent(ResponseHeader.self, forKey: .header)
        watchID = try fields.decodeInteger(forKey: .watchID)
        isCreated = try fields.decodeIfPresent(Bool.self, forKey: .isCreated) ?? false
        isCanceled = try fields.decodeIfPresent(Bool.self, forKey: .isCanceled) ?? false
        compactRevision = try fields.decodeInteger(forKey: .compactRevision)
        cancelReason = try fields.decodeIfPresent(String.self, forKey: .cancelReason) ?? ""
        events = try fields.decodeIfPresent([Event].self, forKey: .events) ?? []
    }
}

extension WatchResponse.Event {
    private enum CodingKeys: String, CodingKey {
        case type, keyValue = "kv"
    }

    private enum EventType: String, Decodable {
        case put = "PUT", deletion = "DELETE"
    }

    /// Reads an event. A type that is neither known nor left out is an error: to skip it could be to lose a change.
    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        isDeletion = try fields.decodeIfPresent(EventType.self, forKey: .type) == .deletion
        keyValue = try fields.decode(KeyValue.self, forKey: .keyValue)
    }
}

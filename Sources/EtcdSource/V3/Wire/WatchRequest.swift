internal import FoundationEssentials

/// The body of `POST /v3/watch`: every change from `startRevision` on to the keys from `key` up to, not including, `rangeEnd`.
struct WatchRequest: Encodable, Equatable, Sendable {
    var key: [UInt8]
    var rangeEnd: [UInt8]
    var startRevision: Int64

    private enum CodingKeys: String, CodingKey {
        case create = "create_request"
    }

    private enum CreateKeys: String, CodingKey {
        case key, rangeEnd = "range_end", startRevision = "start_revision", progressNotify = "progress_notify"
    }

    func encode(to encoder: any Encoder) throws {
        var body = encoder.container(keyedBy: CodingKeys.self)
        var fields = body.nestedContainer(keyedBy: CreateKeys.self, forKey: .create)
        try fields.encode(Data(key), forKey: .key)
        try fields.encode(Data(rangeEnd), forKey: .rangeEnd)
        try fields.encode(WireInteger(startRevision), forKey: .startRevision)
        try fields.encode(true, forKey: .progressNotify)
    }
}

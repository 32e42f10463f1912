internal import FoundationEssentials

/// The body of `POST /v3/kv/range`: one page of the keys from `key` up to, not including, `rangeEnd`, or `key` alone.
///
/// No sort order is asked for: keys come in ascending order anyway, and etcd would read the whole range for each page.
struct RangeRequest: Encodable, Equatable, Sendable {
    var key: [UInt8]
    /// `nil`: only `key`.
    var rangeEnd: [UInt8]?
    var limit: Int64
    /// The revision of the store to read; `nil`: the newest.
    var revision: Int64?
    /// Only keys written at this revision or later; the answer's count is that of all keys all the same. `nil`: every key.
    var minimumModRevision: Int64?
    /// Whether values are left out.
    var isKeysOnly = false
    /// Whether keys are left out, too: only their number is asked for.
    var isCountOnly = false

    private enum CodingKeys: String, CodingKey {
        case key, rangeEnd = "range_end", limit, revision, minimumModRevision = "min_mod_revision", isKeysOnly = "keys_only",
            isCountOnly = "count_only"
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(Data(key), forKey: .key)
        try fields.encodeIfPresent(rangeEnd.map { Data($0) }, forKey: .rangeEnd)
        try fields.encode(WireInteger(limit), forKey: .limit)
        try fields.encodeIfPresent(revision.map { WireInteger($0) }, forKey: .revision)
        try fields.encodeIfPresent(minimumModRevision.map { WireInteger($0) }, forKey: .minimumModRevision)
        if isKeysOnly { try fields.encode(true, forKey: .isKeysOnly) }
        if isCountOnly { try fields.encode(true, forKey: .isCountOnly) }
    }
}

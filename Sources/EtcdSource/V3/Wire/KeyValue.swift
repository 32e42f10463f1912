internal import FoundationEssentials

/// One key of the store; of a deleted one only key and revision.
struct KeyValue: Decodable, Equatable, Sendable {
    var key: [UInt8]
    /// Empty when the gateway leaves it out.
    var value: [UInt8] = []
    /// The revision of the store in which the key was created; 0 in a deletion.
    var createRevision: Int64 = 0
    /// The revision of the store in which the key was last written.
    var modRevision: Int64
    /// How often the key was written since it was created; 0 in a deletion.
    var version: Int64 = 0

    private enum CodingKeys: String, CodingKey {
        case key, value, createRevision = "create_revision", modRevision = "mod_revision", version
    }

    init(key: [UInt8], value: [UInt8] = [], modRevision: Int64) {
        self.key = key
        self.value = value
        self.modRevision = modRevision
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        key = [UInt8](try fields.decodeIfPresent(Data.self, forKey: .key) ?? Data())
        value = [UInt8](try fields.decodeIfPresent(Data.self, forKey: .value) ?? Data())
        createRevision = try fields.decodeInteger(forKey: .createRevision)
        modRevision = try fields.decodeRevision(forKey: .modRevision)
        version = try fields.decodeInteger(forKey: .version)
    }
}

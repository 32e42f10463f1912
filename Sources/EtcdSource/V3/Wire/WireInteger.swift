/// A 64-bit integer of etcd's JSON gateway, which protobuf's JSON mapping writes as a string; a plain number is read as well.
struct WireInteger<Value: FixedWidthInteger & Codable & Sendable>: Codable, Sendable {
    let value: Value

    init(_ value: Value) {
        self.value = value
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let text = try? container.decode(String.self) else {
            value = try container.decode(Value.self)
            return
        }
        guard let value = Value(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected an integer, found \"\(text.prefix(40))\"")
        }
        self.value = value
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(String(value))
    }
}

extension KeyedDecodingContainer {
    /// The integer of a field, 0 when it is not there: protobuf's JSON leaves out what is zero.
    func decodeInteger<Value: FixedWidthInteger & Codable & Sendable>(_ type: Value.Type = Value.self, forKey key: Key) throws -> Value {
        try decodeIfPresent(WireInteger<Value>.self, forKey: key)?.value ?? 0
    }

    /// The revision of a field, 0 when it is not there. The last one that an integer can hold is refused: nothing could come after it.
    func decodeRevision(forKey key: Key) throws -> Int64 {
        let revision: Int64 = try decodeInteger(forKey: key)
        guard revision < .max else {
            throw DecodingError.dataCorruptedError(forKey: key, in: self, debugDescription: "no store has the revision \(revision)")
        }
        return revision
    }
}

internal import Discovery

extension KeySpace {
    /// The first key behind the prefix: `0` follows `/`.
    var end: [UInt8] { prefix.dropLast() + [UInt8(ascii: "0")] }

    /// What a live key says.
    func entry(_ keyValue: KeyValue, reader: inout PeerValueReader) -> SourceEntry {
        let (key, isText) = text(of: keyValue.key)
        return SourceEntry(key: key, content: isText ? reader.content(of: keyValue.value) : .invalid("the key is not UTF-8 text"))
    }

    /// What an event says.
    func entry(_ event: WatchResponse.Event, reader: inout PeerValueReader) -> SourceEntry {
        guard event.isDeletion else { return entry(event.keyValue, reader: &reader) }
        return SourceEntry(key: text(of: event.keyValue.key).key, content: .deleted)
    }

    /// The key without the prefix. One that is not UTF-8 is shown with `\xNN` for every byte that is not ASCII, so that no two
    /// keys look the same and none looks like a peer.
    private func text(of key: [UInt8]) -> (key: String, isText: Bool) {
        let key = key.starts(with: prefix) ? key[prefix.count...] : key[...]
        if let text = String(validating: key, as: UTF8.self) { return (text, true) }
        let escaped = key.map { $0 < 0x80 ? String(UnicodeScalar($0)) : "\\x" + String($0, radix: 16) }
        return (escaped.joined(), false)
    }
}

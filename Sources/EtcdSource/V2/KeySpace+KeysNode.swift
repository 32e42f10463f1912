internal import Discovery

/// What a change of a node means for the peers.
enum KeysChange {
    /// One key says something else now.
    case entry(SourceEntry)
    /// Everything below a directory is gone, which has its path without the prefix: `web`; empty: the prefix itself.
    case removal(below: String)
}

extension KeySpace {
    /// Makes the key space of a prefix as etcd's keys API has it: a path of names, where a slash more changes nothing.
    init(pathPrefix: String) {
        self.init(prefix: "/" + pathPrefix.split(separator: "/").joined(separator: "/"))
    }

    /// The directory that the prefix is: without a slash at its end, and so empty for the root.
    var directory: String { String(decoding: prefix.dropLast(), as: UTF8.self) }

    /// Gives out what each key at or below a node says.
    func forEachEntry(from node: KeysNode, reader: inout PeerValueReader, _ body: (SourceEntry) -> Void) {
        for child in node.nodes { forEachEntry(from: child, reader: &reader, body) }
        guard !node.isDirectory, let key = relativePath(of: node) else { return }
        body(entry(key, node, reader: &reader))
    }

    /// What an event means; `nil`: nothing, for these peers.
    func change(_ event: KeysEvent, reader: inout PeerValueReader) -> KeysChange? {
        guard let key = relativePath(of: event.node) else {
            return event.isDeletion && isBelow(event.node) ? .removal(below: "") : nil
        }
        guard !Self.isHidden(key) else { return nil }
        if event.isDeletion { return event.node.isDirectory ? .removal(below: key) : .entry(SourceEntry(key: key, content: .deleted)) }
        // A directory is no peer, but may have taken the place of one.
        return .entry(event.node.isDirectory ? SourceEntry(key: key, content: .deleted) : entry(key, event.node, reader: &reader))
    }

    private func entry(_ key: String, _ node: KeysNode, reader: inout PeerValueReader) -> SourceEntry {
        SourceEntry(key: key, content: reader.content(of: Array(node.value.utf8)))
    }

    /// The path of a node without the prefix, which is empty for the prefix itself; `nil`: the node is elsewhere.
    private func relativePath(of node: KeysNode) -> String? {
        let path = node.key.utf8
        if path.starts(with: prefix) { return String(decoding: path.dropFirst(prefix.count), as: UTF8.self) }
        return path.elementsEqual(prefix.dropLast()) ? "" : nil
    }

    /// Whether a path behind the prefix is hidden: etcd leaves it out of lists and streams, but not where it tells of the past.
    private static func isHidden(_ path: String) -> Bool {
        path.utf8.split(separator: UInt8(ascii: "/")).contains { $0.first == UInt8(ascii: "_") }
    }

    /// Whether the prefix is below a node.
    private func isBelow(_ node: KeysNode) -> Bool {
        prefix.starts(with: Array(node.key.utf8) + [UInt8(ascii: "/")])
    }
}

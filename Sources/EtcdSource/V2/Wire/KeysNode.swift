/// A key of the store or a directory of keys.
struct KeysNode: Decodable, Equatable, Sendable {
    /// The whole path, `/v1/testing/services/web/10.0.0.1:80`; empty for the root, of which etcd leaves it out.
    var key: String
    /// Empty for a directory and for a key that is deleted.
    var value: String
    var isDirectory: Bool
    /// What is in a directory, if that was asked for; hidden keys, whose name begins with `_`, are not.
    var nodes: [KeysNode]
    /// The index of the change that made the node what it is; `nil` for the root.
    var modifiedIndex: UInt64?

    private enum CodingKeys: String, CodingKey {
        case key, value, isDirectory = "dir", nodes, modifiedIndex
    }

    init(key: String, value: String = "", isDirectory: Bool = false, nodes: [KeysNode] = [], modifiedIndex: UInt64? = nil) {
        self.key = key
        self.value = value
        self.isDirectory = isDirectory
        self.nodes = nodes
        self.modifiedIndex = modifiedIndex
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        key = try fields.decodeIfPresent(String.self, forKey: .key) ?? ""
        value = try fields.decodeIfPresent(String.self, forKey: .value) ?? ""
        isDirectory = try fields.decodeIfPresent(Bool.self, forKey: .isDirectory) ?? false
        nodes = try fields.decodeIfPresent([KeysNode].self, forKey: .nodes) ?? []
        modifiedIndex = try fields.decodeIfPresent(UInt64.self, forKey: .modifiedIndex)
    }
}

/// The answer to a list: `{"action": "get", "node": {…}}`.
struct KeysAnswer: Decodable {
    var node: KeysNode
}

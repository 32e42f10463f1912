/// One change of the store: one line of a watch.
struct KeysEvent: Decodable, Equatable, Sendable {
    /// What was done.
    enum Action: String, Decodable {
        case create, set, update, compareAndSwap, delete, compareAndDelete, expire
    }

    var action: Action
    /// What was changed; a deleted directory takes everything below it along, which is not named.
    var node: KeysNode
    /// The index of the store with this change.
    var index: UInt64

    private enum CodingKeys: String, CodingKey {
        case action, node
    }

    init(_ action: Action, _ node: KeysNode, index: UInt64) {
        self.action = action
        self.node = node
        self.index = index
    }

    /// Reads an event. An action that is not known is an error: to skip it could be to lose a change.
    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        action = try fields.decode(Action.self, forKey: .action)
        node = try fields.decode(KeysNode.self, forKey: .node)
        guard let index = node.modifiedIndex else {
            throw DecodingError.dataCorruptedError(forKey: .node, in: fields, debugDescription: "the node has no modifiedIndex")
        }
        // Nothing could come after it.
        guard index < .max else {
            throw DecodingError.dataCorruptedError(forKey: .node, in: fields, debugDescription: "no store has the index \(index)")
        }
        self.index = index
    }

    /// Whether the node is gone.
    var isDeletion: Bool {
        switch action {
        case .delete, .compareAndDelete, .expire: true
        case .create, .set, .update, .compareAndSwap: false
        }
    }
}

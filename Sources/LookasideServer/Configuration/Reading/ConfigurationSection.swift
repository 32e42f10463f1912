import Yams

/// One mapping of the file, read key by key: the keys that were asked for are the ones it may have.
///
/// Every reading method leaves its target as it is when the key is absent or wrong, and adds an error when it is wrong.
final class ConfigurationSection {
    /// A key with its value.
    struct Entry {
        let key: String
        let path: String
        let position: ConfigurationError.Position
        let value: YAMLValue
    }

    /// The path of the section; empty for the whole file.
    let path: String
    /// Where the section's key is.
    let position: ConfigurationError.Position
    /// The keys in the order of the file, each once.
    private(set) var entries: [Entry] = []
    let diagnostics: ConfigurationDiagnostics
    private var indices: [String: Int] = [:]
    private var knownKeys: [String] = []
    private var hasFreeKeys = false

    init(_ mapping: Node.Mapping, path: String, position: ConfigurationError.Position, diagnostics: ConfigurationDiagnostics) {
        self.path = path
        self.position = position
        self.diagnostics = diagnostics
        for (key, value) in mapping {
            add(key, value)
        }
    }

    private func add(_ key: Node, _ value: Node) {
        let position = key.mark.map(ConfigurationError.Position.init) ?? self.position
        guard case .scalar(let scalar) = key else {
            return diagnostics.fail(path, at: position, "found a list or a mapping, expected the name of a key")
        }
        let name = diagnostics.name(of: scalar)
        let path = self.path(of: name)
        if let first = indices[name] {
            return diagnostics.fail(path, at: position, "duplicate key, given before in line \(entries[first].position.line)")
        }
        let value = YAMLValue(value, environment: diagnostics.environment)
        indices[name] = entries.count
        entries.append(Entry(key: name, path: path, position: position, value: value))
        diagnostics.recordKey(path, at: position)
    }

    /// The path of a key in this section.
    func path(of key: String) -> String {
        let part = ConfigurationPath.part(key)
        return path.isEmpty ? part : "\(path).\(part)"
    }

    /// Whether the file has the key.
    func has(_ key: String) -> Bool {
        indices[key] != nil
    }

    /// Reads a value.
    func read<Value>(_ key: String, _ rule: ConfigurationRule<Value>, into target: inout Value) {
        if let entry = entry(key), let value = diagnostics.read(entry.value, by: rule, key: entry.path, at: entry.position) {
            target = value
        }
    }

    /// Reads a value that has no default.
    func read<Value>(_ key: String, _ rule: ConfigurationRule<Value>, into target: inout Value?) {
        if let entry = entry(key), let value = diagnostics.read(entry.value, by: rule, key: entry.path, at: entry.position) {
            target = value
        }
    }

    /// Reads a list, each item by the same rule.
    ///
    /// - returns: The items; nil when the key is absent, the list is not one, or an item is wrong.
    func readList<Item>(_ key: String, of rule: ConfigurationRule<Item>, expecting expected: String, allowsEmpty: Bool) -> [Item]? {
        let items = self.items(key, expecting: expected, allowsEmpty: allowsEmpty)
        let values = items?.compactMap { diagnostics.read($0.value, by: rule, key: $0.path, at: $0.position) }
        return values?.count == items?.count ? values : nil
    }

    /// The items of a list; nil when the key is absent or is no list. The key of an item is its index.
    func items(_ key: String, expecting expected: String, allowsEmpty: Bool) -> [Entry]? {
        guard let entry = entry(key) else { return nil }
        let rule = ConfigurationRule<[Node]>.list(expecting: expected, allowsEmpty: allowsEmpty)
        let nodes = diagnostics.read(entry.value, by: rule, key: entry.path, at: entry.position)
        return nodes?.enumerated().map { index, node in
            Entry(
                key: "\(index)",
                path: "\(entry.path)[\(index)]",
                position: node.mark.map(ConfigurationError.Position.init) ?? entry.position,
                value: YAMLValue(node, environment: diagnostics.environment)
            )
        }
    }

    /// Reads a mapping below a key.
    ///
    /// - returns: Whether the key is there and holds one.
    @discardableResult
    func readSection(_ key: String, _ body: (ConfigurationSection) -> Void) -> Bool {
        guard let entry = entry(key) else { return false }
        return diagnostics.readSection(entry, body)
    }

    /// Every entry, for a section whose keys are free.
    func readAllEntries() -> [Entry] {
        hasFreeKeys = true
        return entries
    }

    /// Where a key is; where the section is when the key is absent.
    func position(of key: String) -> ConfigurationError.Position {
        indices[key].map { entries[$0].position } ?? position
    }

    /// Adds an error to a key of this section; when the key is absent, the error is where the section is.
    func fail(_ key: String, _ message: String) {
        diagnostics.fail(path(of: key), at: position(of: key), message)
    }

    /// Adds an error when a key is absent.
    func require(_ key: String, _ expected: String) {
        if !has(key) {
            fail(key, "missing, expected \(expected)")
        }
    }

    /// Adds an error when only one of two keys is there.
    func requireTogether(_ first: String, _ second: String) {
        if has(first) != has(second) {
            let (present, absent) = has(first) ? (first, second) : (second, first)
            fail(absent, "missing, \(present) needs it")
        }
    }

    /// Adds an error for each key that nobody asked for.
    func reportUnknownKeys() {
        for entry in entries where !hasFreeKeys && !knownKeys.contains(entry.key) {
            let hint = Suggestion.nearest(to: entry.key, in: knownKeys).map { "did you mean \($0)?" }
            diagnostics.fail(entry.path, at: entry.position, "unknown key; \(hint ?? "allowed: \(knownKeys.joined(separator: ", "))")")
        }
    }

    private func entry(_ key: String) -> Entry? {
        if !knownKeys.contains(key) {
            knownKeys.append(key)
        }
        return indices[key].map { entries[$0] }
    }
}

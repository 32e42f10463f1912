internal import Discovery
internal import Yams

/// The peers file: YAML or JSON (which YAML contains) of the form `services: {web: {"10.0.0.1:8080": {weight: 5}}}`.
///
/// A key or value that is not valid skips that entry. What is wrong with the structure, a duplicate key too, refuses the
/// whole file: then nobody knows which peers its author meant. So do aliases that stand for far more than the file has.
enum PeersFile {
    /// Why a file as a whole is not valid.
    struct Invalid: Error, CustomStringConvertible {
        /// The place, counted from 1; `nil` when it is the file as a whole.
        let place: (line: Int, column: Int)?
        let message: String

        /// `:3:5: message`, to stand behind the name of the file.
        var description: String {
            place.map { ":\($0.line):\($0.column): \(message)" } ?? ": \(message)"
        }
    }

    /// The table that a file's content describes.
    static func table(from bytes: [UInt8]) throws(Invalid) -> SourceTable {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Invalid(place: nil, message: "is not UTF-8 text")
        }
        if let place = AliasExpansion.firstExcess(in: bytes) {
            throw Invalid(place: place, message: "aliases stand for far more than the file has: write out what they repeat")
        }
        let parsed: Node?
        do {
            // Of YAML's implicit types none but merge keys is needed: the decoder knows what each field must be.
            parsed = try compose(yaml: text, Resolver.basic.appending(.merge))
        } catch {
            throw Invalid(error, in: text)
        }
        guard let root = parsed else {
            throw Invalid(place: nil, message: "is empty: a file without peers says services: {}")
        }
        guard let services = try mapping(of: root, "the file")["services"] else {
            throw Invalid(place: nil, message: "has no key services")
        }
        var table = SourceTable()
        var reader = YAMLValueReader()
        for (key, value) in try mapping(of: services, "services") {
            guard let name = key.string else { throw Invalid(key, "expected the name of a service") }
            table.name(service: name)
            guard table.services[name] != nil, !value.isNull else { continue }
            for (key, value) in try mapping(of: value, "service \(name)") {
                table.apply(SourceEntry(key: "\(name)/\(key.string ?? "")", content: reader.content(of: value)))
            }
        }
        return table
    }

    private static func mapping(of node: Node, _ what: String) throws(Invalid) -> Node.Mapping {
        guard let mapping = node.mapping else { throw Invalid(node, "\(what): expected a mapping") }
        return mapping
    }
}

extension PeersFile.Invalid {
    fileprivate init(_ node: Node, _ message: String) {
        self.init(place: node.mark.map { ($0.line, $0.column) }, message: message)
    }

    /// Puts an error of the YAML parser into one line without the text around it.
    fileprivate init(_ error: any Error, in text: String) {
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let introduction = context.map { $0.text + ": " } ?? ""
            self.init(place: (mark.line, mark.column), message: introduction + problem)
        case .reader(let problem, let offset, _, _):
            self.init(place: offset.map { Self.place(at: $0, in: text) }, message: problem)
        case .duplicatedKeysInMapping(let keys, let context):
            self.init(
                place: (context.mark.line, context.mark.column),
                message: "given more than once: \(keys.map(\.debugDescription).joined(separator: ", "))"
            )
        default:
            self.init(place: nil, message: "is not valid YAML: \(error)")
        }
    }

    private static func place(at offset: Int, in text: String) -> (line: Int, column: Int) {
        let lines = text.prefix(offset).split(separator: "\n", omittingEmptySubsequences: false)
        return (lines.count, (lines.last?.count ?? 0) + 1)
    }
}

extension Node {
    /// Whether the node is a plain null, as in `web:` with nothing behind it.
    fileprivate var isNull: Bool { null != nil }
}

import Yams

/// A YAML text as a tree of nodes in which duplicate keys are still there.
///
/// Yams gives no tree for a text with a duplicate key, and names one place only. So that a duplicate key hides no other error, the key is
/// renamed in the text, to as many scalars that the text does not use (every line and column stays), and the text is composed again.
struct YAMLDocument {
    /// The text is not YAML, or not one document of it.
    struct SyntaxError: Error {
        let position: ConfigurationError.Position
        let message: String
    }

    /// The root of the tree; nil when the text holds no document.
    let root: Node?
    private let renamedKeys: [String: String]

    init(_ yaml: String) throws(SyntaxError) {
        var text = yaml
        var renamedKeys: [String: String] = [:]
        let used = Set(yaml.unicodeScalars)
        var unused = (0xF0000...0xFFFFD).lazy.compactMap(Unicode.Scalar.init).filter { !used.contains($0) }.makeIterator()
        while true {
            do {
                root = try Yams.compose(yaml: text, .default, .default, .utf8)
                self.renamedKeys = renamedKeys
                return
            } catch YamlError.duplicatedKeysInMapping(let names, let context) {
                guard
                    let name = names.first,
                    let scalar = unused.next(),
                    let newName = Self.rename(name, to: scalar, at: context.mark, in: &text)
                else {
                    let keys = names.map(\.quotedForMessage).joined(separator: ", ")
                    throw SyntaxError(position: .init(context.mark), message: "duplicate key \(keys)")
                }
                renamedKeys[newName] = name
            } catch {
                throw SyntaxError(error, in: text)
            }
        }
    }

    /// The name of a key as the text has it.
    func name(of key: Node.Scalar) -> String {
        renamedKeys[key.string] ?? key.string
    }

    /// Gives the key that Yams calls a duplicate another name of the same length; nil when its name is not there as plain or quoted text.
    private static func rename(_ name: String, to scalar: Unicode.Scalar, at mark: Mark, in text: inout String) -> String? {
        let position = ConfigurationError.Position(mark)
        guard !name.isEmpty, var start = text.unicodeScalars.place(where: { $1 == position })?.index else { return nil }
        if ["\"", "'"].contains(text.unicodeScalars[start]) {
            start = text.unicodeScalars.index(after: start)
        }
        guard text.unicodeScalars[start...].starts(with: name.unicodeScalars) else { return nil }
        let end = text.unicodeScalars.index(start, offsetBy: name.unicodeScalars.count)
        let newName = String(String.UnicodeScalarView(repeatElement(scalar, count: name.unicodeScalars.count)))
        text.unicodeScalars.replaceSubrange(start..<end, with: newName.unicodeScalars)
        return newName
    }
}

extension YAMLDocument.SyntaxError {
    fileprivate init(_ error: any Error, in text: String) {
        switch error {
        case YamlError.scanner(let context, let problem, let mark, _), YamlError.parser(let context, let problem, let mark, _):
            let place = context.map { "\($0.text) (line \($0.mark.line), column \($0.mark.column)), " } ?? ""
            self.init(position: .init(mark), message: "not valid YAML: \(place)\(problem)\(Self.hint(for: place + problem))")
        case YamlError.composer(let context, let problem, let mark, _):
            let place = context.map { "\($0.text), " } ?? ""
            self.init(position: .init(mark), message: "not valid YAML: \(place)\(problem)\(Self.hint(for: problem))")
        case YamlError.reader(let problem, _, let value, _):
            // Yams cannot always say where. The scalar that YAML does not allow is nowhere before.
            let place = text.unicodeScalars.place { index, _ in text.unicodeScalars[index].value == UInt32(bitPattern: value) }
            let code = value < 0 ? "" : " (U+\(String(value, radix: 16, uppercase: true)))"
            self.init(position: place?.position ?? .start, message: "not valid YAML: \(problem)\(code)")
        default:
            self.init(position: .start, message: "not valid YAML: \(error)")
        }
    }

    /// What to do about the two mistakes that this file invites: a glob and an IPv6 address without quotes.
    private static func hint(for problem: String) -> String {
        if problem.contains("alias") {
            return "; text that starts with * must be in quotes"
        }
        return problem.contains("parsing a flow node") ? "; text that starts with [ or { must be in quotes" : ""
    }
}

extension ConfigurationError.Position {
    init(_ mark: Mark) {
        self.init(line: mark.line, column: mark.column)
    }
}

extension String.UnicodeScalarView {
    /// The first index, with its line and column, that is the wanted one.
    fileprivate func place(where isWanted: (Index, ConfigurationError.Position) -> Bool) -> (index: Index, position: ConfigurationError.Position)? {
        var line = 1
        var column = 1
        for index in indices {
            let position = ConfigurationError.Position(line: line, column: column)
            if isWanted(index, position) {
                return (index, position)
            }
            if isLineBreak(at: index) {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
        return nil
    }

    /// Whether libyaml begins a new line after this scalar.
    private func isLineBreak(at index: Index) -> Bool {
        let next = self.index(after: index)
        switch self[index] {
        case "\n", "\u{85}", "\u{2028}", "\u{2029}": return true
        case "\r": return next == endIndex || self[next] != "\n"
        default: return false
        }
    }
}

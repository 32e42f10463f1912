import Yams

/// What one reading of a configuration file gathers on its way: the errors, and which keys the file has.
///
/// A class because every section of the file adds to it; one reading, on one thread, owns it.
final class ConfigurationDiagnostics {
    let file: String
    let environment: [String: String]
    private(set) var errors: [ConfigurationError] = []
    /// Where each key of the file is, by its path.
    private(set) var positions: [String: ConfigurationError.Position] = [:]
    private let document: YAMLDocument

    init(file: String, environment: [String: String], document: YAMLDocument) {
        self.file = file
        self.environment = environment
        self.document = document
    }

    func fail(_ key: String, at position: ConfigurationError.Position, _ message: String) {
        errors.append(ConfigurationError(file: file, position: position, key: key, message: message))
    }

    func recordKey(_ path: String, at position: ConfigurationError.Position) {
        positions[path] = position
    }

    func name(of key: Node.Scalar) -> String {
        document.name(of: key)
    }

    /// Reads a value by a rule; nil, and an error added, when it does not fit.
    func read<Value>(_ value: YAMLValue, by rule: ConfigurationRule<Value>, key: String, at position: ConfigurationError.Position) -> Value? {
        if case .unreadable(let reason) = value.kind {
            fail(key, at: position, reason)
            return nil
        }
        do {
            return try rule.read(value)
        } catch {
            fail(key, at: position, "found \(error.found ?? value.found), expected \(error.expected)")
            return nil
        }
    }

    /// Reads the mapping that an entry holds, then reports the keys in it that were not asked for.
    ///
    /// - returns: Whether it holds one.
    @discardableResult
    func readSection(_ entry: ConfigurationSection.Entry, _ body: (ConfigurationSection) -> Void) -> Bool {
        guard let mapping = read(entry.value, by: .mapping, key: entry.path, at: entry.position) else { return false }
        let section = ConfigurationSection(mapping, path: entry.path, position: entry.position, diagnostics: self)
        body(section)
        section.reportUnknownKeys()
        return true
    }

    /// The errors in the order of the file; those of one place in the order they were found.
    var sortedErrors: [ConfigurationError] {
        errors.enumerated().sorted { ($0.element.position ?? .start, $0.offset) < ($1.element.position ?? .start, $1.offset) }.map(\.element)
    }
}

import Yams

extension Configuration {
    /// Reads a configuration from its text.
    ///
    /// - parameter yaml: The text; an empty one is a configuration of defaults.
    /// - parameter file: The name of the file in errors; its directory is the one that paths in the text start from.
    /// - parameter environment: The variables for `${NAME}`.
    /// - throws: Everything that is wrong with the text; when it is not YAML, only that.
    package static func read(yaml: String, file: String, environment: [String: String]) throws(ConfigurationErrors) -> Configuration {
        let document: YAMLDocument
        do {
            document = try YAMLDocument(yaml)
        } catch {
            throw ConfigurationErrors(errors: [ConfigurationError(file: file, position: error.position, key: "", message: error.message)])
        }
        let diagnostics = ConfigurationDiagnostics(file: file, environment: environment, document: document)
        let reader = ConfigurationReader(file: file, diagnostics: diagnostics)
        let configuration = reader.read(document.root)
        guard diagnostics.errors.isEmpty else {
            throw ConfigurationErrors(errors: diagnostics.sortedErrors)
        }
        return configuration
    }
}

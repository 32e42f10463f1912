import FoundationEssentials
import Glibc

extension Configuration {
    /// Reads a configuration file.
    ///
    /// - parameter path: The file. It also is the name of the file in errors, and its directory the one that paths in the file start from.
    /// - parameter environment: The variables for `${NAME}`.
    /// - throws: Everything that is wrong with the file, or that it cannot be read.
    package static func load(
        path: String,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(ConfigurationErrors) -> Configuration {
        guard !path.isEmpty else { throw unreadable(path, "found an empty path, expected that of a configuration file") }
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw unreadable(path, "cannot be read: \(reason(error))")
        }
        guard let yaml = String(validating: data, as: UTF8.self) else {
            throw unreadable(path, "is not UTF-8 text")
        }
        return try read(yaml: yaml, file: path, environment: environment)
    }

    private static func unreadable(_ path: String, _ message: String) -> ConfigurationErrors {
        ConfigurationErrors(errors: [ConfigurationError(file: path, position: nil, key: "", message: message)])
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = (error as? CocoaError)?.underlying as? POSIXError else { return "\(error)" }
        return String(cString: strerror(error.code.rawValue))
    }
}

/// Everything that is wrong with a configuration file.
package struct ConfigurationErrors: Error, Sendable, Equatable, CustomStringConvertible {
    /// The errors in the order of the file; never empty.
    package let errors: [ConfigurationError]

    /// One line for each error.
    package var description: String {
        errors.map(\.description).joined(separator: "\n")
    }
}

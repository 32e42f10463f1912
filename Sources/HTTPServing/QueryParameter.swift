/// One parameter of a query, percent-decoded.
package struct QueryParameter: Sendable, Equatable {
    /// The text before the `=`. It may be empty, as in `?&a` or `?=b`.
    package let name: String
    /// The text after the `=`, nil when there is no `=`.
    package let value: String?

    /// Creates a parameter.
    package init(name: String, value: String?) {
        self.name = name
        self.value = value
    }
}

/// What the control plane has to know of a source.
package struct SourceDescription: Sendable {
    /// The name of the source in the configuration.
    package var name: String
    /// How long peers stay that a list lacks though it should not; zero, the default: not at all.
    package var emptyGuard: Duration

    /// Makes a description.
    package init(name: String, emptyGuard: Duration = .zero) {
        self.name = name
        self.emptyGuard = emptyGuard
    }
}

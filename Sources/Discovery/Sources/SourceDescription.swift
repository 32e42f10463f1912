/// What the control plane has to know of a source.
package struct SourceDescription: Sendable {
    /// The name of the source in the configuration.
    package var name: String
    /// Where it reads, in words that change when it may not be the same peers any more: a state that was saved for another scope is not used.
    package var scope: String
    /// How long peers stay that a list lacks though it should not; zero, the default: not at all.
    package var emptyGuard: Duration

    /// Makes a description.
    package init(name: String, scope: String = "", emptyGuard: Duration = .zero) {
        self.name = name
        self.scope = scope
        self.emptyGuard = emptyGuard
    }
}

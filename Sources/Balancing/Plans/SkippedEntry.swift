/// An entry of a source that is no peer of the service that its key begins with: for its key, its value, or another spelling of its key.
package struct SkippedEntry: Sendable, Equatable {
    /// The source: an index into the control plane's list of sources.
    package let source: Int
    /// The key as the source has it, without its prefix: `web/10.0.0.1:8080`.
    package let key: String
    /// Why it is skipped, in words for the one who wrote it.
    package let reason: String

    /// Makes an entry.
    package init(source: Int, key: String, reason: String) {
        self.source = source
        self.key = key
        self.reason = reason
    }
}

/// What a source says of a peer for which an earlier source's word counts.
package struct ShadowedValue: Sendable, Equatable {
    /// The source: an index into the control plane's list of sources.
    package let source: Int
    /// What it says.
    package let value: PeerValue

    /// Makes a value.
    package init(source: Int, value: PeerValue) {
        self.source = source
        self.value = value
    }
}

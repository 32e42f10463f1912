/// Why a text is not a peer's `host:port`.
package struct PeerAddressError: Error, Equatable, CustomStringConvertible {
    /// The reason, in words for the one who wrote the text.
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

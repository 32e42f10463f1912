/// One answer to "which peer should this request go to?".
package struct Pick: Sendable {
    /// The peer.
    package let peer: PeerState
    /// Its configured weight.
    package let weight: Double
    /// What the answer has to say beyond the peer.
    package let flags: Flags

    /// What a client is told about an answer that is not an ordinary one.
    package struct Flags: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// No source of the service has proved contact for a while.
        package static let stale = Flags(rawValue: 1)
        /// Too few peers are well, so that all of them are picked.
        package static let panic = Flags(rawValue: 4)
        /// Nothing but the excluded peers could be picked.
        package static let excluded = Flags(rawValue: 2)
    }
}

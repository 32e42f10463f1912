package import Balancing

/// One key of a source and what it says: `web/10.0.0.1:8080` and a value; or that a service, whose name is the key, is there.
package struct SourceEntry: Sendable {
    /// What a key says.
    package enum Content: Sendable {
        /// The peer is there with this value.
        case value(PeerValue)
        /// The key is there, but its value is not valid: the reason. An earlier valid value of the same key stays.
        case invalid(String)
        /// The key is gone.
        case deleted
        /// The key is a service's name, and the service is there with any peers or none, until the same key is ``deleted``.
        case named
    }

    /// The key as written, without the source's prefix: `service/host:port`.
    package let key: String
    /// What it says.
    package let content: Content

    /// Makes an entry.
    package init(key: String, content: Content) {
        self.key = key
        self.content = content
    }
}

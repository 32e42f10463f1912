/// The part of the store that describes peers: every key under one prefix, as `<prefix><service>/<host>:<port>`.
struct KeySpace: Sendable {
    /// The prefix, which ends in `/`.
    let prefix: [UInt8]

    /// Makes the key space of a prefix; one that does not end in `/` gets it.
    init(prefix: String) {
        self.prefix = Array((prefix.hasSuffix("/") ? prefix : prefix + "/").utf8)
    }
}

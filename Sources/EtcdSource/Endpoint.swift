/// A client URL of one member of a cluster.
struct Endpoint: Sendable, Equatable, CustomStringConvertible {
    /// Without a slash at its end.
    let url: String

    /// Makes the endpoint of a URL, `http://127.0.0.1:2379`.
    init(_ url: String) {
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
    }

    /// `host:port`, without the user information that a URL may have.
    var description: String {
        let authority = url.split(separator: "/", omittingEmptySubsequences: true).dropFirst().first ?? "?"
        return String(authority.split(separator: "@").last ?? "?")
    }
}

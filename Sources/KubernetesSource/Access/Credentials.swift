internal import Discovery

/// The bearer token of one source's requests.
///
/// A file is read for each request, so that a token that was replaced is used at once; while the file cannot be read, the last one is.
struct Credentials: Sendable {
    private enum Origin {
        case none
        case file(SecretFile)
        case text(String)
    }

    private var origin = Origin.none
    /// The token for while a file cannot be read, and none was read from it before.
    private var otherwise: String?
    /// The last token that was given out.
    private var current: String?

    /// Makes credentials without a token.
    init() {}

    /// Takes over where the token is; a file that is named already keeps its last token.
    mutating func use(_ token: ClusterAccess.Token) {
        if case .file(_, let otherwise) = token { self.otherwise = otherwise }
        switch (token, origin) {
        case (.file(let path, _), .file(let file)) where file.path == path: break
        case (.file(let path, _), _): origin = .file(SecretFile(path: path, kind: "token"))
        case (.text(let text), _): origin = .text(text)
        case (.none, _): origin = .none
        }
    }

    /// The token for a request; `nil`: it goes without.
    mutating func token() throws(ClusterAccess.Unusable) -> String? {
        switch origin {
        case .none: current = nil
        case .text(let text): current = text
        case .file(var file):
            do {
                current = try file.read()
            } catch {
                guard let otherwise else { throw ClusterAccess.Unusable(description: error.description) }
                current = otherwise
                return current
            }
            origin = .file(file)
            // A header field takes no other characters.
            guard current?.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) ?? true else {
                throw ClusterAccess.Unusable(description: "the token file \(file.path) holds more than a token")
            }
        }
        return current
    }

    /// Forgets the token, which was refused.
    ///
    /// - Returns: whether another one has taken its place, so that the same may be asked again at once.
    mutating func renew() -> Bool {
        guard case .file(var file) = origin else { return false }
        let refused = current
        file.forget()
        origin = .file(file)
        return (try? token()).map { $0 != refused } ?? false
    }
}

internal import FoundationEssentials

/// A file that holds a secret, a password or a token, and is read whenever that is asked for: whoever replaces it need not say so.
///
/// Line ends behind the secret, which editors and `echo` add, are not part of it.
package struct SecretFile: Sendable {
    /// The file cannot be used, and there is no secret from before.
    package struct Unusable: Error, CustomStringConvertible {
        package let description: String
    }

    /// Where it is.
    package let path: String
    private let kind: String
    /// The last one that could be read: a file that is being replaced may be missing for a moment.
    private var last: String?

    /// Names a file; it is read when the secret is asked for.
    ///
    /// - Parameter kind: what it holds, for errors: `password`.
    package init(path: String, kind: String) {
        self.path = path
        self.kind = kind
    }

    /// The secret as the file has it now; while it is empty or cannot be read, the last one.
    package mutating func read() throws(Unusable) -> String {
        var text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        while text.last?.isNewline == true { text.removeLast() }
        if !text.isEmpty { last = text }
        guard let last else { throw Unusable(description: "the \(kind) file \(path) is empty or cannot be read") }
        return last
    }

    /// Forgets the last secret, which was refused: only what the file has counts from now on.
    package mutating func forget() {
        last = nil
    }
}

internal import FoundationEssentials

/// The file that holds a user's password; line ends behind it, which editors and `echo` add, are not part of it.
struct PasswordFile: Sendable {
    /// The file cannot be used, and never could.
    struct Unusable: Error, CustomStringConvertible {
        let description: String
    }

    private let path: String
    /// The last one that could be read: a file that is being replaced may be missing for a moment.
    private var password: String?

    /// Names a file; it is read when the password is asked for.
    init(path: String) {
        self.path = path
    }

    /// The password as the file has it now; while it is empty or cannot be read, the last one.
    mutating func read() throws(Unusable) -> String {
        var text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        while text.last?.isNewline == true { text.removeLast() }
        if !text.isEmpty { password = text }
        guard let password else { throw Unusable(description: "the password file \(path) is empty or cannot be read") }
        return password
    }
}

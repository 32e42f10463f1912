internal import FoundationEssentials

/// What an active check may ask of a peer, wherever it is written.
package enum CheckURL {
    /// What is allowed, in words.
    package static let rule = "a path such as /health, an http or https URL, tcp: or an empty text"

    /// Whether a text is a path, an absolute URL, `tcp:`, or empty: never probed.
    package static func isValid(_ text: String) -> Bool {
        if text.isEmpty || text == "tcp:" { return true }
        if text.hasPrefix("/") { return text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }
        guard let url = URL(string: text, encodingInvalidCharacters: false), let host = url.host(), !host.isEmpty else { return false }
        return ["http", "https"].contains(url.scheme?.lowercased()) && (1...65535).contains(url.port ?? 80)
    }
}

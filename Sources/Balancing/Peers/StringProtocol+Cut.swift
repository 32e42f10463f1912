extension StringProtocol {
    /// As much of the text as `limit` bytes of UTF-8 hold, at least three, with `…` where something was left out: what others send has any length.
    package func cut(bytes limit: Int) -> String {
        guard utf8.count > limit else { return String(self) }
        let ellipsis = "…"
        // Within a character the index is rounded down to its beginning.
        return self[..<utf8.index(startIndex, offsetBy: Swift.max(0, limit - ellipsis.utf8.count))] + ellipsis
    }
}

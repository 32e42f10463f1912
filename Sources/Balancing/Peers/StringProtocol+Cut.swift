extension StringProtocol {
    /// As much of the text as `limit` bytes of UTF-8 hold, with `…` where something was left out: what others send has any length.
    package func cut(bytes limit: Int) -> String {
        guard utf8.count > limit else { return String(self) }
        // Within a character the index is rounded down to its beginning.
        return self[..<utf8.index(startIndex, offsetBy: limit)] + "…"
    }
}

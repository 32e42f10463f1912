/// A version of the store, or of one object in it: Kubernetes' `resourceVersion`.
///
/// Versions count up over the whole store, as decimal numbers (KEP-5504 makes that a promise). One that is no number is older than none.
struct ResourceVersion: Sendable, Hashable, CustomStringConvertible {
    let description: String

    /// Makes a version of its text; `nil` for what names none: an empty text and `0`.
    init?(_ text: String) {
        guard !text.isEmpty, text != "0" else { return nil }
        description = text
    }

    /// Whether it comes before another one.
    func isOlder(than other: ResourceVersion) -> Bool {
        guard let number = UInt64(description), let otherNumber = UInt64(other.description) else { return false }
        return number < otherNumber
    }
}

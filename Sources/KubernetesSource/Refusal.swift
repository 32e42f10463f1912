/// An answer that cannot be used; what is known stays known.
struct Refusal: Error, Equatable, CustomStringConvertible {
    let description: String
    /// Whether the answer shows a store whose history is not the known one: it was wiped or restored.
    var showsOtherHistory = false
}

/// An answer that cannot be used; the attempt at this endpoint has failed, and what is known stays known.
struct Refusal: Error, Equatable, CustomStringConvertible {
    let description: String
    /// Whether the answer shows a history that is not the known one. It need not be the cluster's, since the endpoint may lag behind or
    /// be another's: see ``SessionFailures``.
    var showsOtherHistory = false
}

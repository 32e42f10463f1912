/// Why Kubernetes did not do what it was asked: the body of an answer that is an error, or the object of an `ERROR` event.
struct Status: Decodable, Equatable, Sendable {
    var kind: String?
    var status: String?
    var message: String?
    var reason: String?
    /// The HTTP status; in an event there is no other.
    var code: Int?

    /// Whether it is what Kubernetes sends. One that a proxy or a filter before the API server sends need not say its kind.
    var isStatus: Bool { (kind ?? "Status") == "Status" && (message != nil || reason != nil || code != nil) }
}

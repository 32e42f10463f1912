/// A page of a list.
struct ObjectList: Decodable, Equatable, Sendable {
    /// What a list says of itself.
    struct Metadata: Decodable, Equatable, Sendable {
        /// The version of the store at which the list was read, the same for all its pages.
        var resourceVersion: String?
        /// What the next page is asked for with; empty or left out in the last one.
        var `continue`: String?
    }

    var kind: String?
    var apiVersion: String?
    var metadata: Metadata?
    /// `null` in an empty list of some servers.
    var items: [EndpointObject]?
}

/// One line of a watch.
enum WatchEvent: Equatable, Sendable {
    /// The object is there, and as it is now: `ADDED` or `MODIFIED`.
    case written(EndpointObject)
    /// The object is gone, or is not among those that were asked for any more.
    case deleted(EndpointObject)
    /// Everything up to this object's version was sent.
    case bookmark(EndpointObject)
    /// The watch has failed.
    case error(Status)
}

extension WatchEvent: Decodable {
    private enum CodingKeys: String, CodingKey {
        case type, object
    }

    private enum EventType: String, Decodable {
        case added = "ADDED", modified = "MODIFIED", deleted = "DELETED", bookmark = "BOOKMARK", error = "ERROR"
    }

    /// Reads an event. A type that is not known is an error: to skip it could be to lose a change.
    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        switch try fields.decode(EventType.self, forKey: .type) {
        case .added, .modified: self = .written(try fields.decode(EndpointObject.self, forKey: .object))
        case .deleted: self = .deleted(try fields.decode(EndpointObject.self, forKey: .object))
        case .bookmark: self = .bookmark(try fields.decode(EndpointObject.self, forKey: .object))
        case .error: self = .error(try fields.decode(Status.self, forKey: .object))
        }
    }
}

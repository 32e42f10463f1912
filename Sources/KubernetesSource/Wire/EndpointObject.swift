/// An EndpointSlice or an Endpoints, whichever was asked for, with what peers are made of.
///
/// In a list neither kind nor version of the API are given, in a watch both. Of a bookmark there is the resource version alone.
struct EndpointObject: Decodable, Equatable, Sendable {
    /// What every object has.
    struct Metadata: Decodable, Equatable, Sendable {
        var name: String?
        var namespace: String?
        var uid: String?
        var resourceVersion: String?
        var labels: [String: String]?
    }

    /// One endpoint of a slice.
    struct Endpoint: Decodable, Equatable, Sendable {
        /// `nil` where Kubernetes cannot say.
        struct Conditions: Decodable, Equatable, Sendable {
            var ready: Bool?
            var serving: Bool?
            var terminating: Bool?
        }

        /// Only the first has a meaning.
        var addresses: [String]?
        var conditions: Conditions?
        var nodeName: String?
        var zone: String?
        var targetRef: TargetReference?
    }

    /// The object behind an endpoint, most often a pod.
    struct TargetReference: Decodable, Equatable, Sendable {
        var uid: String?
    }

    /// A port of a slice or a subset.
    struct Port: Decodable, Equatable, Sendable {
        var name: String?
        /// `nil` means TCP.
        var `protocol`: String?
        var port: Int?
    }

    /// Addresses of an Endpoints that have the same ports.
    struct Subset: Decodable, Equatable, Sendable {
        /// One address.
        struct Address: Decodable, Equatable, Sendable {
            var ip: String?
            var nodeName: String?
            var targetRef: TargetReference?
        }

        var addresses: [Address]?
        var notReadyAddresses: [Address]?
        var ports: [Port]?
    }

    var kind: String?
    var apiVersion: String?
    var metadata: Metadata?

    // Of a slice.
    var addressType: String?
    var endpoints: [Endpoint]?
    var ports: [Port]?

    // Of an Endpoints; left out when there are no addresses.
    var subsets: [Subset]?
}

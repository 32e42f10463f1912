internal import Balancing

/// What one object, a slice or an Endpoints, adds to its service: all that is kept of it.
struct Contribution: Sendable {
    /// One peer.
    struct Peer: Sendable, Equatable {
        let address: PeerAddress
        var value: PeerValue
    }

    /// What the object said last that was valid: it stays where the object says something that is not.
    ///
    /// When a Service gets another port, Kubernetes writes its slices anew under the names that they have (`recycleSlices`).
    struct LastValid: Sendable {
        var port: Int?
        var weight: Double?
        var slowStart: Double?
    }

    /// The service as it is named in picks; `nil` for an object that names none.
    let service: String?
    /// The version of the object: of two that contradict each other the later one is right.
    let version: ResourceVersion?
    /// The peers, each address once.
    var peers: [Peer]
    /// For when the object changes.
    var lastValid = LastValid()
    /// What is wrong with the object, in words for operators; `nil`: nothing. Its peers, if there are any, are good all the same.
    let problem: String?
}

/// What an operator says of one peer: the JSON object behind an etcd key, or the mapping behind a key of the peers file.
///
/// Immutable and shared: sources intern equal values, so a million peers with the same settings hold one object.
/// Each field has its own default, as the seed module defined them; `null` is absent and unknown fields are ignored.
package final class PeerValue: Sendable {
    /// The configured weight, 0 to 65535, fractions allowed. The default is 100; 0 takes no picks.
    package let weight: Double
    /// Where the active check asks; empty: never. `nil` when not given: the service's setting, else `/health`.
    package let checkURL: String?
    /// Seconds of slow start, 0 to 86400. `nil` when not given: the service's setting, else 30.
    package let slowStart: Double?
    /// Whether the operator wants picks to go here. The default is ``Status/up``.
    package let status: Status
    /// The zone of the peer. The default is empty.
    package let zone: String
    /// Free text for clients. The default is empty.
    package let metadata: [String: String]

    /// Whether a peer takes picks.
    package enum Status: Sendable {
        /// Takes picks: the value's `status` is `up`.
        case up
        /// Takes none: any other `status`.
        case down
    }

    /// The value of a peer of which nothing was said.
    package static let `default` = PeerValue()

    /// Makes a value; each argument's default is the field's.
    package init(
        weight: Double = 100,
        checkURL: String? = nil,
        slowStart: Double? = nil,
        status: Status = .up,
        zone: String = "",
        metadata: [String: String] = [:]
    ) {
        self.weight = weight
        self.checkURL = checkURL
        self.slowStart = slowStart
        self.status = status
        self.zone = zone
        self.metadata = metadata
    }

    /// Whether new picks may go to the peer as far as its operator is concerned.
    package var isCandidate: Bool { status == .up && weight > 0 }
}

extension PeerValue: Hashable {
    package static func == (left: PeerValue, right: PeerValue) -> Bool {
        left === right
            || (left.weight == right.weight && left.checkURL == right.checkURL && left.slowStart == right.slowStart
                && left.status == right.status && left.zone == right.zone && left.metadata == right.metadata)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(weight)
        hasher.combine(checkURL)
        hasher.combine(zone)
    }
}

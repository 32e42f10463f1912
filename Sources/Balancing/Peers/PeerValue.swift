/// What an operator says of one peer: the JSON object behind an etcd key, or the mapping behind a key of the peers file.
///
/// Immutable and shared: sources intern equal values, so a million peers with the same settings hold one object; those that differ by
/// their identity alone share all the rest.
/// Each field has its own default, as the seed module defined them; `null` is absent and unknown fields are ignored.
package final class PeerValue: Sendable {
    private let settings: Settings
    /// What tells this peer from another one at the same address, as a Kubernetes endpoint's `targetRef.uid` does. The default is empty: the
    /// source cannot tell. No part of a key's JSON.
    package let identity: String

    /// Whether a peer takes picks.
    package enum Status: String, Codable, Sendable {
        /// Takes picks: the value's `status` is `up`.
        case up
        /// Takes none: any other `status`.
        case down
        /// Is going, and takes picks only while no other peer can: a Kubernetes endpoint that terminates and still serves.
        case draining
    }

    /// Everything but the identity.
    private final class Settings: Sendable {
        let weight: Double
        let checkURL: String?
        let isCheckedByDefault: Bool
        let slowStart: Double?
        let status: Status
        let zone: String
        let metadata: [String: String]

        init(
            weight: Double,
            checkURL: String?,
            isCheckedByDefault: Bool,
            slowStart: Double?,
            status: Status,
            zone: String,
            metadata: [String: String]
        ) {
            self.weight = weight
            self.checkURL = checkURL
            self.isCheckedByDefault = isCheckedByDefault
            self.slowStart = slowStart
            self.status = status
            self.zone = zone
            self.metadata = metadata
        }
    }

    /// The value of a peer of which nothing was said.
    package static let `default` = PeerValue()

    /// Makes a value; each argument's default is the field's.
    package init(
        weight: Double = 100,
        checkURL: String? = nil,
        isCheckedByDefault: Bool = true,
        slowStart: Double? = nil,
        status: Status = .up,
        zone: String = "",
        metadata: [String: String] = [:],
        identity: String = ""
    ) {
        self.settings = Settings(
            weight: weight,
            checkURL: checkURL,
            isCheckedByDefault: isCheckedByDefault,
            slowStart: slowStart,
            status: status,
            zone: zone,
            metadata: metadata
        )
        self.identity = identity
    }

    private init(_ settings: Settings, identity: String) {
        self.settings = settings
        self.identity = identity
    }

    /// The same value for a peer of this identity; everything else is shared.
    package func identified(as identity: String) -> PeerValue { PeerValue(settings, identity: identity) }

    /// The configured weight, 0 to 65535, fractions allowed. The default is 100; 0 takes no picks.
    package var weight: Double { settings.weight }
    /// Where the active check asks; empty: never. `nil` when not given: the service's setting, else what ``isCheckedByDefault`` says.
    package var checkURL: String? { settings.checkURL }
    /// Whether the active check asks for `/health` when nobody says where. The default is true; false for a Kubernetes endpoint, which
    /// the kubelet checks. No part of a key's JSON.
    package var isCheckedByDefault: Bool { settings.isCheckedByDefault }
    /// Seconds of slow start, 0 to 86400. `nil` when not given: the service's setting, else 30.
    package var slowStart: Double? { settings.slowStart }
    /// Whether the operator wants picks to go here. The default is ``Status/up``.
    package var status: Status { settings.status }
    /// The zone of the peer. The default is empty.
    package var zone: String { settings.zone }
    /// Free text for clients. The default is empty.
    package var metadata: [String: String] { settings.metadata }

    /// Whether new picks may go to the peer as far as its operator is concerned.
    package var isCandidate: Bool { role == .candidate }

    /// What the peer is there for as far as its operator is concerned: one without weight takes no picks, whatever its status.
    package var role: Selection.Role {
        guard weight > 0 else { return .out }
        return switch status {
        case .up: .candidate
        case .draining: .draining
        case .down: .out
        }
    }

    /// Whether both may speak of the same peer, given the same address.
    package func isSamePeer(as other: PeerValue) -> Bool { Self.isSamePeer(identity, other.identity) }

    /// The same of two identities.
    package static func isSamePeer(_ identity: String, _ other: String) -> Bool {
        identity == other || identity.isEmpty || other.isEmpty
    }
}

extension PeerValue: Hashable {
    package static func == (left: PeerValue, right: PeerValue) -> Bool {
        left === right
            || (left.identity == right.identity
                && (left.settings === right.settings
                    || (left.weight == right.weight && left.checkURL == right.checkURL && left.isCheckedByDefault == right.isCheckedByDefault
                        && left.slowStart == right.slowStart && left.status == right.status && left.zone == right.zone
                        && left.metadata == right.metadata)))
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(weight)
        hasher.combine(checkURL)
        hasher.combine(status)
        hasher.combine(zone)
        hasher.combine(metadata)
        hasher.combine(identity)
    }
}

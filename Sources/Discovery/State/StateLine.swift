internal import Balancing

/// The lines of a state file, each a JSON object: a header, then values and services, each value before the first service that refers to it,
/// then an end with a checksum.
enum StateLine {
    /// The version that this program writes and reads.
    static let version = 1

    struct Header: Codable {
        struct Source: Codable {
            let name: String
            let scope: String
            /// When contact was last proved, in seconds since 1970.
            let contact: Double?
        }

        let version: Int
        let savedAt: Double
        let sources: [Source]

        enum CodingKeys: String, CodingKey {
            case version = "lookaside_state", savedAt = "saved_at", sources
        }
    }

    /// A line between the header and the end.
    struct Body: Codable {
        /// Values of peers, which have the numbers from the last one's on, the first number being 0.
        var values: [Value]?
        var service: String?
        /// The numbers of the peers' values, by source; `null` for one that does not name the service.
        var peers: [[String: Int]?]?
        var verdicts: [String: SavedVerdict]?
    }

    struct End: Codable {
        /// CRC-32 (RFC 1952) of everything before this line, in hexadecimal.
        let crc32: String
    }

    /// A peer's value with all that a source may say, whatever its own form is.
    struct Value: Codable {
        let weight: Double
        let checkURL: String?
        /// False, or left out.
        let isCheckedByDefault: Bool?
        let slowStart: Double?
        let status: PeerValue.Status
        let zone: String?
        let metadata: [String: String]?
        let identity: String?

        enum CodingKeys: String, CodingKey {
            case weight, checkURL = "check_url", isCheckedByDefault = "checked_by_default", slowStart = "slow_start", status, zone, metadata, identity
        }

        init(_ value: PeerValue) {
            weight = value.weight
            checkURL = value.checkURL
            isCheckedByDefault = value.isCheckedByDefault ? nil : false
            slowStart = value.slowStart
            status = value.status
            zone = value.zone.isEmpty ? nil : value.zone
            metadata = value.metadata.isEmpty ? nil : value.metadata
            identity = value.identity.isEmpty ? nil : value.identity
        }

        var peerValue: PeerValue {
            PeerValue(
                weight: weight,
                checkURL: checkURL,
                isCheckedByDefault: isCheckedByDefault ?? true,
                slowStart: slowStart,
                status: status,
                zone: zone ?? "",
                metadata: metadata ?? [:],
                identity: identity ?? ""
            )
        }
    }
}

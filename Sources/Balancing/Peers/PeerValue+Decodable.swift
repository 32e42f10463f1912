extension PeerValue: Decodable {
    private enum CodingKeys: String, CodingKey {
        case weight, checkURL = "check_url", slowStart = "slow_start", status, zone, metadata
    }

    /// Reads a value from JSON or YAML, strictly: a wrong type or an out-of-range number is an error that names the field.
    package convenience init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let weight = try fields.decodeIfPresent(Double.self, forKey: .weight) ?? 100
        try fields.check(0...65535 ~= weight, .weight, "found \(weight), allowed is 0 to 65535")
        let slowStart = try fields.decodeIfPresent(Double.self, forKey: .slowStart)
        try fields.check(slowStart.map { 0...86400 ~= $0 } ?? true, .slowStart, "found \(slowStart ?? 0), allowed is 0 to 86400 seconds")
        // An explicit null means "never checked" here, as it did for the seed's users; elsewhere null is absent.
        let isCheckURLNull = try fields.contains(.checkURL) && fields.decodeNil(forKey: .checkURL)
        let checkURL = isCheckURLNull ? "" : try fields.decodeIfPresent(String.self, forKey: .checkURL)
        try fields.check(
            checkURL.map(CheckURL.isValid) ?? true,
            .checkURL,
            "allowed is \(CheckURL.rule)"
        )
        let status = try fields.decodeIfPresent(String.self, forKey: .status) ?? "up"
        self.init(
            weight: weight,
            checkURL: checkURL,
            slowStart: slowStart,
            status: status == "up" ? .up : .down,
            zone: try fields.decodeIfPresent(String.self, forKey: .zone) ?? "",
            metadata: try fields.decodeIfPresent([String: String].self, forKey: .metadata) ?? [:]
        )
    }
}

extension KeyedDecodingContainer {
    fileprivate func check(_ isAllowed: Bool, _ key: Key, _ message: String) throws {
        guard !isAllowed else { return }
        throw DecodingError.dataCorruptedError(forKey: key, in: self, debugDescription: message)
    }
}

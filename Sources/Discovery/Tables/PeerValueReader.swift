internal import Balancing
internal import FoundationEssentials

/// Reads peers' values from JSON, and hands out one object for equal texts: most peers of a fleet say the same.
package struct PeerValueReader: Sendable {
    private static let knownLimit = 4096
    /// The longest text that is kept, in bytes: with ``knownLimit`` the kept texts take 4 MiB at most.
    private static let knownTextLimit = 1024
    private var known: [[UInt8]: PeerValue] = [:]

    /// Makes a reader that knows no texts yet.
    package init() {}

    /// What a text says: a text that is not a JSON object takes all defaults, as the seed module says; an object with a
    /// field of the wrong type or out of range is invalid.
    package mutating func content(of json: [UInt8]) -> SourceEntry.Content {
        let isShort = json.count <= Self.knownTextLimit
        if isShort, let value = known[json] { return .value(value) }
        let value: PeerValue
        do {
            value = try JSONDecoder().decode(PeerValue.self, from: Data(json))
        } catch {
            guard (try? JSONDecoder().decode(AnyJSONObject.self, from: Data(json))) == nil else { return .invalid(Self.reason(for: error)) }
            value = .default
        }
        guard isShort else { return .value(value) }
        if known.count >= Self.knownLimit { known.removeAll(keepingCapacity: true) }
        known[json] = value
        return .value(value)
    }

    /// A decoding error in words that name the field and what is allowed.
    package static func reason(for error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        let path = error.context.codingPath.map { $0.intValue.map { "\($0)" } ?? $0.stringValue }.joined(separator: ".")
        let explanation: String =
            if case .typeMismatch = error {
                "expected \(allowedType(at: error.context.codingPath))"
            } else {
                error.context.debugDescription
            }
        // Foundation names no field when a number is beyond a Double or a string is not Unicode.
        return path.isEmpty ? "a number or a string in it cannot be represented" : "\(path): \(explanation)"
    }

    /// What belongs at a place: by the place, because the type in the error is the decoder's own (YAML's says "a scalar").
    private static func allowedType(at path: [any CodingKey]) -> String {
        switch path.first?.stringValue {
        case nil: "a mapping"
        case "weight", "slow_start": "a number"
        case "metadata" where path.count == 1: "a mapping of strings"
        default: "a string"
        }
    }
}

/// Any JSON object, whatever is in it.
private struct AnyJSONObject: Decodable {
    private enum NoKeys: CodingKey {}

    init(from decoder: any Decoder) throws {
        _ = try decoder.container(keyedBy: NoKeys.self)
    }
}

extension DecodingError {
    fileprivate var context: Context {
        switch self {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context), .dataCorrupted(let context): context
        @unknown default: Context(codingPath: [], debugDescription: "not readable")
        }
    }
}

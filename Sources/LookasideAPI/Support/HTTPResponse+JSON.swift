internal import FoundationEssentials
internal import HTTPServing

/// JSON as this interface writes it: keys sorted, so that equal answers are equal bytes.
enum JSON {
    static func bytes(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // No number that gets here may end the process.
        encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        do {
            return [UInt8](try encoder.encode(value))
        } catch {
            // Our bodies hold strings and numbers only: an encoding error is a bug of this program.
            preconditionFailure("\(type(of: value)) cannot be encoded: \(error)")
        }
    }
}

extension HTTPResponse {
    /// An answer with a JSON body, not to be stored by caches on the way.
    static func json(_ body: some Encodable, status: Int = 200, headers: [(name: String, value: String)] = []) -> HTTPResponse {
        json(bytes: JSON.bytes(body), status: status, headers: headers)
    }

    /// An answer with a body that is JSON already.
    static func json(bytes: [UInt8], status: Int = 200, headers: [(name: String, value: String)] = []) -> HTTPResponse {
        HTTPResponse(
            status: status,
            headers: [(name: "Content-Type", value: "application/json"), (name: "Cache-Control", value: "no-store")] + headers,
            body: bytes
        )
    }
}

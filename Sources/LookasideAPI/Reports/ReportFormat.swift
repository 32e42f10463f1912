internal import HTTPServing

/// How the body of a report is written.
enum ReportFormat {
    /// One JSON text: an object or an array.
    case json
    /// One JSON text a line.
    case lines

    /// Reads parameters and headers of a report.
    init(_ request: borrowing HTTPRequest) throws(APIError) {
        _ = try Parameters(of: request, allowed: [])
        let coding = request.header("Content-Encoding") ?? "identity"
        guard coding.lowercased() == "identity" else {
            throw .unsupportedMediaType("Content-Encoding: found \"\(coding.prefix(64))\", a body is taken as it is only")
        }
        let found = request.withHeader("Content-Type") { $0.map { String(decoding: $0, as: UTF8.self) } } ?? ""
        switch Self.mediaType(found) {
        case "", "application/json": self = .json
        case "application/x-ndjson": self = .lines
        default:
            let allowed = "application/json (one object or an array) and application/x-ndjson (one object a line)"
            throw .unsupportedMediaType("Content-Type: found \"\(found.prefix(64))\", allowed are \(allowed)")
        }
    }

    private static func mediaType(_ value: String) -> String {
        let type = value.prefix { $0 != ";" }.drop { $0 == " " || $0 == "\t" }
        return type.prefix { $0 != " " && $0 != "\t" }.lowercased()
    }
}

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
        if let coding = request.header("Content-Encoding"), coding.lowercased() != "identity" {
            throw .unsupportedMediaType("Content-Encoding: found \"\(coding.prefix(64))\", a body is taken as it is only")
        }
        guard let format = request.withHeader("Content-Type", Self.format) else {
            let found = request.header("Content-Type") ?? ""
            let allowed = "application/json (one object or an array) and application/x-ndjson (one object a line)"
            throw .unsupportedMediaType("Content-Type: found \"\(found.prefix(64))\", allowed are \(allowed)")
        }
        self = format
    }

    private static func format(_ contentType: UnsafeRawBufferPointer?) -> ReportFormat? {
        guard let contentType else { return .json }
        let type = HTTPRequest.mediaType(of: contentType[...])
        // `curl -d` names forms unless told otherwise: nobody means a form here.
        let jsonTypes: [StaticString] = ["application/json", "application/x-www-form-urlencoded"]
        if type.isEmpty || jsonTypes.contains(where: { HTTPRequest.isEqual(type, $0) }) { return .json }
        return HTTPRequest.isEqual(type, "application/x-ndjson") ? .lines : nil
    }
}

internal import HTTPServing

/// The ETag of a state of this process: another process's counter never matches.
struct EntityTag {
    private let text: String

    init(processID: String, index: UInt64) {
        text = "\"\(processID)-\(index)\""
    }

    /// The header that carries it.
    var header: (name: String, value: String) { (name: "ETag", value: text) }

    /// Whether the client has this state already (`If-None-Match`, RFC 9110 13.1.2, by weak comparison).
    func isKnown(to request: borrowing HTTPRequest) -> Bool {
        guard let header = request.header("If-None-Match") else { return false }
        return header.split(separator: ",").contains { part in
            let tag = part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
            return tag.elementsEqual("*") || tag.elementsEqual(text) || tag.elementsEqual("W/" + text)
        }
    }

    /// The answer to a client that has this state.
    var notModified: HTTPResponse { HTTPResponse(status: 304, headers: [header, (name: "Cache-Control", value: "no-store")], body: []) }
}

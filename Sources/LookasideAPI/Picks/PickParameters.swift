internal import Balancing
internal import HTTPServing

/// What a client asks of a pick.
struct PickParameters {
    /// The most excluded peers that one pick takes.
    static let exclusionLimit = 16

    /// How many peers a lease holds; `nil`: a single pick.
    var count: Int?
    /// Peers that were tried and are not wanted again.
    var excluded: [PeerAddress] = []
    /// Whether the answer is text.
    var isText = false
    /// Whether the pick is only looked at: nothing moves and nothing is counted.
    var isDryRun = false

    init(_ request: borrowing HTTPRequest) throws(APIError) {
        isDryRun = request.method == .head
        guard request.queryParameterCount > 0 else {
            isText = request.prefersText()
            return
        }
        let parameters = try Parameters(of: request, allowed: ["n", "exclude", "format", "dry_run"])
        count = try parameters.integer("n", in: 1...1000)
        isText = try parameters.word("format", ["json": false, "text": true]) ?? request.prefersText()
        if try parameters.word("dry_run", ["1": true, "0": false]) == true { isDryRun = true }
        if let text = parameters["exclude"] { excluded = try Self.exclusions(text) }
    }

    private static func exclusions(_ text: String) throws(APIError) -> [PeerAddress] {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count <= exclusionLimit else {
            throw .invalidParameter("exclude: found \(parts.count) peers, allowed are at most \(exclusionLimit)")
        }
        var excluded: [PeerAddress] = []
        for part in parts {
            do {
                excluded.append(try PeerAddress(String(part)))
            } catch {
                throw .invalidParameter("exclude: \(error)")
            }
        }
        return excluded
    }
}

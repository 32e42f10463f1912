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
    /// The hash of the key that decides which peer is picked; `nil`: the service's policy decides.
    var key: UInt64?
    /// Whether the answer is text.
    var isText = false
    /// Whether the pick is only looked at: nothing moves and nothing is counted.
    var isDryRun = false

    /// The longest key, in bytes.
    static let keyLimit = 1024

    /// Whether nothing but the next peer is asked for.
    var isPlain: Bool { count == nil && excluded.isEmpty && key == nil && !isDryRun }

    init(_ request: borrowing HTTPRequest) throws(APIError) {
        isDryRun = request.method == .head
        guard request.queryParameterCount > 0 else {
            isText = request.prefersText()
            return
        }
        let parameters = try Parameters(of: request, allowed: ["n", "exclude", "key", "format", "dry_run"])
        count = try parameters.integer("n", in: 1...1000)
        isText = try parameters.word("format", ["json": false, "text": true]) ?? request.prefersText()
        if try parameters.word("dry_run", ["1": true, "0": false]) == true { isDryRun = true }
        if let text = parameters["exclude"] { excluded = try Self.exclusions(text) }
        if let text = parameters["key"] {
            guard 1...Self.keyLimit ~= text.utf8.count else {
                throw .invalidParameter("key: found \(text.utf8.count) bytes, allowed are 1 to \(Self.keyLimit)")
            }
            key = StableHash.hash(text.utf8)
        }
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

internal import Balancing

/// A key of a source, taken apart: `web/10.0.0.1:8080`.
struct PeerKey {
    let service: String
    let address: PeerAddress

    /// Why a text is not a key.
    struct Invalid: Error, CustomStringConvertible {
        let description: String
    }

    init(_ text: String) throws(Invalid) {
        guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else {
            throw Invalid(description: "no peer: a key is <service>/<host>:<port>")
        }
        service = String(text[..<slash])
        guard ServiceName.isValid(service) else {
            throw Invalid(description: "a service name is \(ServiceName.rule)")
        }
        do {
            address = try PeerAddress(String(text[text.utf8.index(after: slash)...]))
        } catch {
            throw Invalid(description: error.description)
        }
    }

    /// The one spelling of the key that this server would write.
    var canonicalText: String { "\(service)/\(address)" }
}

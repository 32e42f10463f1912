internal import Balancing

/// A key of a source, taken apart: `web/10.0.0.1:8080`.
struct PeerKey {
    let service: String
    let address: PeerAddress

    /// Why a text is not a key.
    struct Invalid: Error, CustomStringConvertible {
        let description: String
    }

    /// The longest key in bytes: that of a service with the longest name, at an IPv6 address. A port may have a few zeros in front.
    static let lengthLimit = 320

    init(service: String, address: PeerAddress) {
        self.service = service
        self.address = address
    }

    init(_ text: String) throws(Invalid) {
        guard text.utf8.count <= Self.lengthLimit else {
            throw Invalid(description: "found \(text.utf8.count) bytes, allowed are \(Self.lengthLimit)")
        }
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

    /// The service that a key begins with, also one that is no peer's key; `nil` when it begins with none.
    static func service(of text: String) -> String? {
        guard text.utf8.count <= lengthLimit, let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else { return nil }
        let service = String(text[..<slash])
        return ServiceName.isValid(service) ? service : nil
    }

    /// The one spelling of the key that this server would write.
    var canonicalText: String { "\(service)/\(address)" }
}

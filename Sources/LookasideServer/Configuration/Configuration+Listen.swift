import Glibc

extension Configuration {
    /// An IP address and a port to listen on, written `127.0.0.1:8080` or `[::1]:8080`.
    package struct Listen: Sendable, Equatable, LosslessStringConvertible {
        /// An IPv4 or IPv6 address, without brackets; `::` is all addresses of both families.
        package let host: String
        /// The port; with 0 the system chooses one.
        package let port: UInt16

        /// What `init(_:)` takes, for messages.
        static let expected = "an IP address and a port: 127.0.0.1:8080, or \"[::]:8080\" (in quotes) for all addresses of both families"

        init(host: String, port: UInt16) {
            self.host = host
            self.port = port
        }

        /// The address from its text; nil when it is anything else, also a name, an IPv6 address without brackets, or no address.
        package init?(_ text: String) {
            guard let colon = text.lastIndex(of: ":") else { return nil }
            let digits = text[text.index(after: colon)...]
            let address = text[..<colon]
            guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), digits.count <= 5, let port = UInt16(digits) else { return nil }
            let isBracketed = address.hasPrefix("[") && address.hasSuffix("]")
            let host = isBracketed ? String(address.dropFirst().dropLast()) : String(address)
            guard Self.isAddress(host, family: isBracketed ? AF_INET6 : AF_INET) else { return nil }
            self.init(host: host, port: port)
        }

        /// The address as it is written.
        package var description: String {
            host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }

        private static func isAddress(_ text: String, family: Int32) -> Bool {
            var address = in6_addr()
            return !text.contains("\0") && inet_pton(family, text, &address) == 1
        }
    }
}

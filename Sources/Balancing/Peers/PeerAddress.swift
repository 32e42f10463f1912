internal import Glibc

/// The canonical `host:port` of a peer: an IPv4 or IPv6 address and a port from 1 to 65535.
///
/// Two spellings of one address are equal, because what is kept is the address itself and not its text: `[::1]:80`,
/// `[0:0:0:0:0:0:0:1]:80` and `[::1]:0080` are one peer. An IPv4 address and the same address mapped into IPv6 are two.
/// 24 bytes, no allocation: a server keeps a million of them.
package struct PeerAddress: Hashable, Sendable {
    /// The upper 64 bits of an IPv6 address; 0 for IPv4.
    private let high: UInt64
    /// The lower 64 bits of an IPv6 address, or the IPv4 address.
    private let low: UInt64
    /// The TCP port, 1 to 65535.
    package let port: UInt16
    /// Whether the host is an IPv6 address.
    package let isIPv6: Bool

    /// Reads `host:port`, where an IPv6 host stands in brackets.
    ///
    /// - Throws: ``PeerAddressError`` with the reason, in words for the one who wrote the key.
    package init(_ text: String) throws(PeerAddressError) {
        // `inet_pton` would read the host up to a zero byte and not see the rest.
        guard !text.utf8.contains(0) else { throw PeerAddressError("a zero byte is not allowed") }
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else {
            throw PeerAddressError("no port: write host:port, for example 10.0.0.1:8080")
        }
        let host = text[..<colon]
        let port = try Self.port(text[text.utf8.index(after: colon)...])
        if host.utf8.first == UInt8(ascii: "["), host.utf8.last == UInt8(ascii: "]") {
            try self.init(ipv6: String(host.dropFirst().dropLast()), port: port)
        } else if host.utf8.contains(UInt8(ascii: ":")) {
            throw PeerAddressError("an IPv6 address needs brackets: [\(host.cut(bytes: 64))]:\(port)")
        } else {
            try self.init(ipv4: String(host), port: port)
        }
    }

    private init(ipv4 host: String, port: UInt16) throws(PeerAddressError) {
        var address = in_addr()
        guard inet_pton(AF_INET, host, &address) == 1 else { throw Self.hostError(host) }
        self.high = 0
        self.low = UInt64(UInt32(bigEndian: address.s_addr))
        self.port = port
        self.isIPv6 = false
    }

    private init(ipv6 host: String, port: UInt16) throws(PeerAddressError) {
        guard !host.utf8.contains(UInt8(ascii: "%")) else { throw PeerAddressError("an IPv6 zone id is not allowed") }
        var address = in6_addr()
        guard inet_pton(AF_INET6, host, &address) == 1 else { throw Self.hostError(host) }
        let words = withUnsafeBytes(of: &address) { bytes in
            (bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
        self.high = UInt64(bigEndian: words.0)
        self.low = UInt64(bigEndian: words.1)
        self.port = port
        self.isIPv6 = true
    }

    private static func port(_ text: Substring) throws(PeerAddressError) -> UInt16 {
        guard !text.isEmpty, text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }), let port = UInt16(text), port > 0 else {
            throw PeerAddressError("found port \"\(text.cut(bytes: 20))\", allowed is 1 to 65535")
        }
        return port
    }

    private static func hostError(_ host: String) -> PeerAddressError {
        let looksNumeric = host.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") }
        return looksNumeric
            ? PeerAddressError("\"\(host.cut(bytes: 64))\" is not an IPv4 or IPv6 address")
            : PeerAddressError("\"\(host.cut(bytes: 64))\" is a name: a peer is an IPv4 or IPv6 address, names are not resolved")
    }

    /// The address alone: dotted for IPv4, RFC 5952 without brackets for IPv6.
    package var host: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
            if isIPv6 {
                var address = (high.bigEndian, low.bigEndian)
                inet_ntop(AF_INET6, &address, buffer.baseAddress, socklen_t(buffer.count))
            } else {
                var address = UInt32(truncatingIfNeeded: low).bigEndian
                inet_ntop(AF_INET, &address, buffer.baseAddress, socklen_t(buffer.count))
            }
            return buffer.baseAddress.map { String(cString: $0) } ?? ""
        }
    }
}

extension PeerAddress: CustomStringConvertible {
    /// The canonical text: `10.0.0.1:8080` or `[2001:db8::1]:8080`.
    package var description: String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension PeerAddress: Comparable {
    /// IPv4 before IPv6, then by address, then by port: the order in which peers are shown and a cycle is laid out.
    package static func < (left: PeerAddress, right: PeerAddress) -> Bool {
        (left.isIPv6 ? 1 : 0, left.high, left.low, left.port) < (right.isIPv6 ? 1 : 0, right.high, right.low, right.port)
    }
}

import CMicroHTTPD
import Glibc

/// A request whose headers and body have arrived. It is lent to the handler and valid during that call only, as are the buffers that it gives out.
package struct HTTPRequest: ~Copyable {
    /// The method: the route's, or `.head` on a `.get` route.
    package let method: HTTPMethod
    /// The complete body; empty on routes that take none.
    package let body: [UInt8]
    /// Whether the server is stopping: the connection will be closed after this request.
    package let isDraining: Bool

    private let connection: OpaquePointer
    private let target: UnsafeRawBufferPointer
    private let captures: HTTPRouter.Captures

    init(
        method: HTTPMethod,
        body: [UInt8],
        isDraining: Bool,
        connection: OpaquePointer,
        target: UnsafeRawBufferPointer,
        captures: HTTPRouter.Captures
    ) {
        self.method = method
        self.body = body
        self.isDraining = isDraining
        self.connection = connection
        self.target = target
        self.captures = captures
    }

    /// A captured path segment as it was sent, still percent-encoded and never empty. Traps on an index at or above ``HTTPRouter/maximumCaptures``;
    /// empty when the pattern captures fewer segments.
    package func segment(_ index: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: target[captures[index].range])
    }

    /// A captured path segment, percent-decoded; nil when an escape is malformed or `%00`, or the result is not UTF-8. `+` stands for itself.
    package func decodedSegment(_ index: Int) -> String? {
        PercentEncoding.decode(segment(index))
    }

    /// The number of query parameters. Cheap: asks for no more than a walk over the request's headers.
    package var queryParameterCount: Int {
        Int(MHD_get_connection_values(connection, .GET_ARGUMENT_KIND, nil, nil))
    }

    /// The query parameters in their order, repeated ones as often as they came, percent-decoded, `+` read as a space; nil when an escape in any of them
    /// is malformed or `%00`, or a result is not UTF-8.
    package func queryParameters() -> [QueryParameter]? {
        var parameters: [QueryParameter]? = []
        _ = withUnsafeMutablePointer(to: &parameters) { parameters in
            MHD_get_connection_values_n(connection, .GET_ARGUMENT_KIND, appendQueryParameter, parameters)
        }
        return parameters
    }

    /// Lends the value of a header, of the first one when it is repeated; nil when it is missing. Names are compared without case. Does not allocate.
    package func withHeader<Result>(_ name: StaticString, _ body: (UnsafeRawBufferPointer?) -> Result) -> Result {
        var value: UnsafePointer<CChar>?
        var count = 0
        let key = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
        guard MHD_lookup_connection_value_n(connection, .HEADER_KIND, key, name.utf8CodeUnitCount, &value, &count) == .YES else {
            return body(nil)
        }
        return body(UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : count))
    }

    /// The value of a header, of the first one when it is repeated; nil when it is missing or not UTF-8. Names are compared without case.
    package func header(_ name: StaticString) -> String? {
        withHeader(name) { value in
            value.flatMap { String(validating: $0, as: UTF8.self) }
        }
    }

    /// The client's IP address without its port: `10.0.0.1`, also for an IPv4 client of a dual-stack server, or `2001:db8::1`. Empty if it is unknown.
    package var clientAddress: String {
        guard let address = mhd_client_address(connection) else {
            return ""
        }
        let bytes = UnsafeRawPointer(address)
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            return Self.text(of: bytes.loadUnaligned(as: sockaddr_in.self).sin_addr, family: AF_INET)
        case AF_INET6:
            let text = Self.text(of: bytes.loadUnaligned(as: sockaddr_in6.self).sin6_addr, family: AF_INET6)
            let mappedPrefix = "::ffff:"
            return text.hasPrefix(mappedPrefix) && text.contains(".") ? String(text.dropFirst(mappedPrefix.count)) : text
        default:
            return ""
        }
    }

    private static func text<Address>(of address: Address, family: Int32) -> String {
        withUnsafeBytes(of: address) { address in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
                guard let text = text.baseAddress, inet_ntop(family, address.baseAddress, text, socklen_t(INET6_ADDRSTRLEN)) != nil else {
                    return ""
                }
                return String(cString: text)
            }
        }
    }
}

/// Called by libmicrohttpd, on the caller's thread, with each query parameter still percent-encoded.
private func appendQueryParameter(
    _ context: UnsafeMutableRawPointer?,
    _ kind: MHD_ValueKind,
    _ name: UnsafePointer<CChar>?,
    _ nameCount: Int,
    _ value: UnsafePointer<CChar>?,
    _ valueCount: Int
) -> MHD_Result {
    guard let parameters = context?.assumingMemoryBound(to: [QueryParameter]?.self) else {
        return .NO
    }
    guard let decodedName = PercentEncoding.decode(UnsafeRawBufferPointer(start: name, count: nameCount)) else {
        parameters.pointee = nil
        return .NO
    }
    guard let value else {
        parameters.pointee?.append(QueryParameter(name: decodedName, value: nil))
        return .YES
    }
    guard let decodedValue = PercentEncoding.decode(UnsafeRawBufferPointer(start: value, count: valueCount)) else {
        parameters.pointee = nil
        return .NO
    }
    parameters.pointee?.append(QueryParameter(name: decodedName, value: decodedValue))
    return .YES
}

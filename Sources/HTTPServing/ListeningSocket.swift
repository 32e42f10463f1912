// Both modules include the socket headers; which of them owns a declaration depends on the order of the build.
import CMicroHTTPD
import Glibc

/// A listening TCP socket, closed with its owner unless it is handed over.
struct ListeningSocket: ~Copyable {
    /// The port that it is bound to.
    let port: Int
    private let descriptor: Int32

    /// Connections that wait to be accepted; the system caps it (`net.core.somaxconn`).
    private static let backlog: Int32 = 4096

    /// Listens on the host, a name or an address without brackets, and the port; port 0 stands for any free one. `::` takes IPv4 as well.
    init(host: String, port: Int) throws(HTTPServerError) {
        let endpoint = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        guard 0...65535 ~= port else {
            throw HTTPServerError(.invalidAddress, "\(endpoint) has no valid port")
        }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var addresses: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &addresses)
        defer {
            addresses.map { freeaddrinfo($0) }
        }
        guard status == 0, let address = addresses?.pointee else {
            throw HTTPServerError(.invalidAddress, "cannot resolve \(endpoint): \(String(cString: gai_strerror(status)))")
        }
        // Non-blocking: of several workers that see a connection, one accepts it and the others must not wait for the next.
        let type = address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(address.ai_family, type, address.ai_protocol)
        guard descriptor >= 0 else {
            throw Self.failure(endpoint)
        }
        do {
            try Self.listen(descriptor, address, endpoint)
            self.port = try Self.boundPort(descriptor, endpoint)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Hands the socket over to a new owner.
    consuming func release() -> Int32 {
        let descriptor = descriptor
        discard self
        return descriptor
    }

    private static func listen(_ descriptor: Int32, _ address: addrinfo, _ endpoint: String) throws(HTTPServerError) {
        // Connections of an earlier process that linger in TIME_WAIT do not keep the port.
        setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        if address.ai_family == AF_INET6 {
            setOption(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0)
        }
        guard bind(descriptor, address.ai_addr, address.ai_addrlen) == 0, Glibc.listen(descriptor, backlog) == 0 else {
            throw failure(endpoint)
        }
    }

    private static func setOption(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        _ = setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func boundPort(_ descriptor: Int32, _ endpoint: String) throws(HTTPServerError) -> Int {
        // The port is at the same place in the addresses of both families.
        var address = sockaddr_in6()
        var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let status = withUnsafeMutableBytes(of: &address) { address in
            getsockname(descriptor, address.baseAddress?.assumingMemoryBound(to: sockaddr.self), &size)
        }
        guard status == 0 else {
            throw failure(endpoint)
        }
        return Int(UInt16(bigEndian: address.sin6_port))
    }

    private static func failure(_ endpoint: String) -> HTTPServerError {
        let code = errno
        if code == EADDRINUSE {
            return HTTPServerError(.addressInUse, "\(endpoint) is already in use: another process, or another listener of this one, has the port")
        }
        let reason = String(cString: strerror(code))
        return HTTPServerError(code == EADDRNOTAVAIL ? .invalidAddress : .cannotListen, "cannot listen on \(endpoint): \(reason)")
    }
}

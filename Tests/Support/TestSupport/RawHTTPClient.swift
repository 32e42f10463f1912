import Glibc

/// A client for HTTP/1.1 servers under test: sends exactly the bytes that it is given and reads answers one by one. Its calls block, for a minute at
/// most; it belongs to one thread.
package final class RawHTTPClient {
    /// An answer as it came.
    package struct Response {
        /// The status code.
        package let status: Int
        /// The header lines in their order.
        package let headers: [(name: String, value: String)]
        /// As many bytes as `Content-Length` announces; none in an answer to `HEAD`.
        package let body: [UInt8]

        /// The body as text.
        package var text: String {
            String(decoding: body, as: UTF8.self)
        }

        /// The value of the first header of that name, compared without case.
        package func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    /// What went wrong.
    package enum Failure: Error, Equatable {
        /// A system call failed with this error number.
        case system(String, errno: Int32)
        /// The connection ended, or was reset, after so many bytes of an answer.
        case closed(after: Int)
        /// What came is no HTTP answer with a `Content-Length`.
        case malformed(String)
    }

    private var descriptor: Int32
    private var received: [UInt8] = []

    /// Connects to an address, IPv6 without brackets. `receiveBuffer` sets the size of the socket's receive buffer, in bytes: a small one makes a client that
    /// the server has to wait for.
    package init(host: String = "127.0.0.1", port: Int, receiveBuffer: Int32? = nil) throws {
        let isIPv6 = host.contains(":")
        descriptor = socket(isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else {
            throw Failure.system("socket", errno: errno)
        }
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
        var timeout = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var noDelay: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &noDelay, socklen_t(MemoryLayout<Int32>.size))
        let status: Int32
        if isIPv6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = UInt16(port).bigEndian
            inet_pton(AF_INET6, host, &address.sin6_addr)
            status = Self.connect(descriptor, &address)
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = UInt16(port).bigEndian
            inet_pton(AF_INET, host, &address.sin_addr)
            status = Self.connect(descriptor, &address)
        }
        // A failed initialiser of a class with all its properties set runs `deinit`, which closes the socket.
        guard status == 0 else {
            throw Failure.system("connect", errno: errno)
        }
    }

    deinit {
        close()
    }

    private static func connect<Address>(_ descriptor: Int32, _ address: inout Address) -> Int32 {
        withUnsafeBytes(of: &address) { address in
            guard let base = address.baseAddress else {
                return -1
            }
            return Glibc.connect(descriptor, base.assumingMemoryBound(to: sockaddr.self), socklen_t(address.count))
        }
    }

    /// Sends the text.
    package func send(_ text: String) throws {
        try send(Array(text.utf8))
    }

    /// Sends the bytes.
    package func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else {
                throw Failure.system("send", errno: errno)
            }
            sent += count
        }
    }

    /// Sends a request with a `Host` header and reads its answer.
    ///
    /// - Parameters:
    ///   - headers: further header lines, each ended by `\r\n`.
    ///   - body: sent with its `Content-Length`, unless nil.
    package func request(_ method: String, _ target: String, headers: String = "", body: String? = nil) throws -> Response {
        let length = body.map { "Content-Length: \($0.utf8.count)\r\n" } ?? ""
        try send("\(method) \(target) HTTP/1.1\r\nHost: test\r\n\(headers)\(length)\r\n\(body ?? "")")
        return try readResponse(toHead: method == "HEAD")
    }

    /// Reads the next answer. What follows it is kept for the next call.
    package func readResponse(toHead: Bool = false) throws -> Response {
        let head = try readHead()
        var lines = head.split(separator: "\r\n", omittingEmptySubsequences: true)[...]
        guard let statusLine = lines.popFirst(), let status = statusLine.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw Failure.malformed(head)
        }
        let headers = lines.map { line -> (name: String, value: String) in
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            return (String(line[..<colon]), String(line[colon...].dropFirst().drop { $0 == " " }))
        }
        var length = 0
        if status >= 200, !toHead, status != 204, status != 304 {
            guard let announced = headers.first(where: { $0.name.lowercased() == "content-length" }).flatMap({ Int($0.value) }) else {
                throw Failure.malformed(head)
            }
            length = announced
        }
        while received.count < length {
            try receive(atMost: length - received.count)
        }
        let body = Array(received.prefix(length))
        received.removeFirst(length)
        return Response(status: status, headers: headers, body: body)
    }

    private func readHead() throws -> String {
        let end = Array("\r\n\r\n".utf8)
        var searched = 0
        while true {
            while searched + end.count <= received.count {
                if received[searched..<searched + end.count].elementsEqual(end) {
                    let head = String(decoding: received[..<searched], as: UTF8.self)
                    received.removeFirst(searched + end.count)
                    return head
                }
                searched += 1
            }
            try receive(atMost: 4096)
        }
    }

    private func receive(atMost count: Int) throws {
        let part = try [UInt8](unsafeUninitializedCapacity: min(count, 65536)) { buffer, initialized in
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            guard count > 0 else {
                throw count == 0 || errno == ECONNRESET ? Failure.closed(after: received.count) : Failure.system("recv", errno: errno)
            }
            initialized = count
        }
        received.append(contentsOf: part)
    }

    /// Whether the server closes the connection without sending anything more.
    package func isClosedByServer() -> Bool {
        do {
            try receive(atMost: 1)
            return false
        } catch {
            return error as? Failure == .closed(after: received.count)
        }
    }

    /// Ends the client's side only: the server reads the end of its input and can still answer.
    package func shutdownWriting() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Closes the connection. Idempotent.
    package func close() {
        if descriptor >= 0 {
            Glibc.close(descriptor)
            descriptor = -1
        }
    }
}

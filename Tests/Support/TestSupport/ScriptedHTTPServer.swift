import Foundation
import Glibc
import Synchronization

/// A loopback server that does on every connection exactly what a test's script says: which bytes, in which pieces, when to cut.
///
/// The script runs on a thread of its own for each connection, so it may block: it waits for the test by `Event`, never by sleeping. When it returns or throws,
/// the connection is closed; errors are its own affair, since a client that goes away is what many tests are about. Every blocking call gives up after 20 s.
///
/// ```swift
/// let server = try ScriptedHTTPServer { connection in
///     _ = try connection.receiveRequest()
///     try connection.respond(body: "hello")
/// }
/// defer { server.stop() }
/// ```
package final class ScriptedHTTPServer: Sendable {
    /// What to do on one connection.
    package typealias Script = @Sendable (Connection) throws -> Void

    /// The port on 127.0.0.1.
    package let port: UInt16

    private let connections: Connections

    /// Listens on a port, 0 for a free one, and runs the script on every connection.
    package init(port wanted: UInt16 = 0, _ script: @escaping Script) throws {
        let listener = try Self.listen(on: wanted)
        port = try Self.port(of: listener)
        let connections = Connections(listener: listener)
        self.connections = connections
        Self.onThread {
            while let connection = connections.accept() {
                Self.onThread {
                    try? script(connection)
                    connection.close()
                    connections.remove(connection)
                }
            }
        }
    }

    deinit {
        connections.stop()
    }

    /// `http://127.0.0.1:port`, without a slash at the end.
    package var url: String {
        "http://127.0.0.1:\(port)"
    }

    /// How many connections were accepted so far.
    package var connectionCount: Int {
        connections.count
    }

    /// Closes the port and every connection: blocked scripts get an error. It may be called again.
    package func stop() {
        connections.stop()
    }

    /// A port on 127.0.0.1 on which nobody listens.
    package static func unusedPort() throws -> UInt16 {
        try ReservedPort().number
    }

    private static func onThread(_ work: @escaping @Sendable () -> Void) {
        let thread = Thread(block: work)
        thread.stackSize = 512 << 10
        thread.start()
    }

    private static func listen(on port: UInt16) throws -> CInt {
        let listener = try bind(to: port)
        guard Glibc.listen(listener, 4096) == 0 else {
            defer { Glibc.close(listener) }
            throw Failure(call: "listen", number: errno)
        }
        return listener
    }

    /// A socket with an address, which does not listen.
    static func bind(to port: UInt16) throws -> CInt {
        let socket = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw Failure(call: "socket", number: errno) }
        // So that a reserved port, and one whose last connections still linger, can be listened on.
        var yes: CInt = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
        guard withLoopbackAddress(port, { Glibc.bind(socket, $0, $1) }) == 0 else {
            defer { Glibc.close(socket) }
            throw Failure(call: "bind", number: errno)
        }
        return socket
    }

    private static func withLoopbackAddress(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        return withUnsafeBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { $0.baseAddress.map { body($0, socklen_t(bytes.count)) } ?? -1 }
        }
    }

    /// The port that a socket is bound to.
    static func port(of socket: CInt) throws -> UInt16 {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutableBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { getsockname(socket, $0.baseAddress, &length) }
        }
        guard status == 0 else { throw Failure(call: "getsockname", number: errno) }
        return UInt16(bigEndian: address.sin_port)
    }

    /// A system call that failed, or a connection that ended (`number` 0) or stayed silent for 20 s.
    package struct Failure: Error {
        /// The name of the call.
        package let call: String
        /// Its `errno`.
        package let number: CInt
    }
}

extension ScriptedHTTPServer {
    /// The listener and the connections that still run.
    private final class Connections: Sendable {
        private struct State {
            var running: [ObjectIdentifier: Connection] = [:]
            var count = 0
            var isStopped = false
        }

        private let listener: CInt
        private let state = Mutex(State())

        init(listener: CInt) {
            self.listener = listener
        }

        deinit {
            Glibc.close(listener)
        }

        var count: Int {
            state.withLock { $0.count }
        }

        /// The next connection; nil once stopped.
        func accept() -> Connection? {
            while true {
                let descriptor = Glibc.accept(listener, nil, nil)
                let error = errno
                // A child that a test starts must not hold the connection open.
                _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
                let connection = state.withLock { state -> Connection? in
                    guard descriptor >= 0, !state.isStopped else { return nil }
                    let connection = Connection(descriptor: descriptor, index: state.count)
                    state.running[ObjectIdentifier(connection)] = connection
                    state.count += 1
                    return connection
                }
                if let connection {
                    return connection
                }
                if descriptor >= 0 {
                    Glibc.close(descriptor)
                }
                guard descriptor < 0, error == EINTR || error == ECONNABORTED else { return nil }
            }
        }

        func remove(_ connection: Connection) {
            state.withLock { $0.running[ObjectIdentifier(connection)] = nil }
        }

        func stop() {
            let running = state.withLock { state in
                state.isStopped = true
                return Array(state.running.values)
            }
            // Wakes the accepting thread, which closes nothing: the descriptor goes with the last user of this object.
            shutdown(listener, CInt(SHUT_RDWR))
            for connection in running {
                connection.abort()
            }
        }
    }
}

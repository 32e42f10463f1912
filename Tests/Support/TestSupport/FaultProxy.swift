import Foundation
import Glibc
import Synchronization

/// A TCP proxy between a server under test and what it talks to, which can hold, delay and cut what it forwards.
///
/// One thread for each connection. Thread-safe; ends with this object, at the latest.
package final class FaultProxy: Sendable {
    /// What becomes of the bytes.
    package enum Mode: Sendable, Equatable {
        case forward
        /// Nothing is forwarded, nothing is closed, and new connections are taken.
        case stall
        /// Nobody is let in.
        case refuse
        /// Each piece is forwarded this much later.
        case delay(milliseconds: UInt32)
    }

    /// Why the proxy could not be started.
    package struct Failure: Error {
        let call: String
        let number: CInt
    }

    /// The port on 127.0.0.1.
    package let port: UInt16

    private let listener: CInt
    private let state: State

    private final class State: Sendable {
        let upstream: UInt16
        let mode = Mutex(Mode.forward)
        /// The open sockets; who closes one takes it out first, under the lock, so that no other is shut down in its place.
        let sockets = Mutex<Set<CInt>>([])
        let isStopped = Atomic(false)

        init(upstream: UInt16) {
            self.upstream = upstream
        }
    }

    /// Starts a proxy to a port of 127.0.0.1.
    package init(to upstream: UInt16) throws {
        state = State(upstream: upstream)
        listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = Self.loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isListening = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard isListening else { throw Failure(call: "listen", number: errno) }
        port = UInt16(bigEndian: address.sin_port)
        let state = state
        Thread.detachNewThread {
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0, !state.isStopped.load(ordering: .acquiring) else {
                    if connection >= 0 { close(connection) }
                    close(listener)
                    return
                }
                if state.mode.withLock({ $0 }) == .refuse {
                    close(connection)
                    continue
                }
                Thread.detachNewThread { Self.serve(connection, state) }
            }
        }
    }

    deinit {
        state.isStopped.store(true, ordering: .releasing)
        cut()
        // Ends the thread that waits in accept.
        shutdown(listener, CInt(SHUT_RDWR))
    }

    /// `http://127.0.0.1:port`.
    package var url: String { "http://127.0.0.1:\(port)" }

    /// Changes what becomes of the bytes, of open connections as well; `refuse` ends those.
    package func set(_ mode: Mode) {
        state.mode.withLock { $0 = mode }
        if mode == .refuse { cut() }
    }

    /// Ends every open connection.
    package func cut() {
        state.sockets.withLock { for socket in $0 { shutdown(socket, CInt(SHUT_RDWR)) } }
    }

    private static func serve(_ client: CInt, _ state: State) {
        let server = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        state.sockets.withLock { $0.formUnion([client, server]) }
        defer {
            state.sockets.withLock { $0.subtract([client, server]) }
            close(client)
            close(server)
        }
        var address = loopback(state.upstream)
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
        }
        guard isConnected else { return }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var waiting = [
            pollfd(fd: client, events: Int16(POLLIN), revents: 0), pollfd(fd: server, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            guard poll(&waiting, 2, -1) > 0 else { return }
            for (source, sink) in [(0, 1), (1, 0)] where waiting[source].revents != 0 {
                let count = recv(waiting[source].fd, &buffer, buffer.count, 0)
                guard count > 0, hold(waiting[source].fd, state), send(buffer[..<count], to: waiting[sink].fd) else { return }
            }
        }
    }

    /// Waits as long as the mode asks for; false when the connection was cut meanwhile.
    private static func hold(_ socket: CInt, _ state: State) -> Bool {
        if case .delay(let milliseconds) = state.mode.withLock({ $0 }) { usleep(milliseconds * 1000) }
        while state.mode.withLock({ $0 }) == .stall {
            if state.isStopped.load(ordering: .acquiring) { return false }
            var byte: UInt8 = 0
            let isCut = recv(socket, &byte, 1, CInt(MSG_PEEK | MSG_DONTWAIT)) == 0
            if isCut { return false }
            usleep(5_000)
        }
        return true
    }

    private static func send(_ bytes: ArraySlice<UInt8>, to socket: CInt) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        return address
    }
}

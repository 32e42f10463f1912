import Glibc

/// A port on 127.0.0.1 that nobody else is given while this object lives, and on which nobody listens but those who are told it:
/// without one, connections are refused.
package final class ReservedPort: Sendable {
    /// The port.
    package let number: UInt16

    private let socket: CInt

    /// Reserves a free port.
    package init() throws {
        socket = try ScriptedHTTPServer.bind(to: 0)
        do {
            number = try ScriptedHTTPServer.port(of: socket)
        } catch {
            close(socket)
            throw error
        }
    }

    deinit {
        close(socket)
    }
}

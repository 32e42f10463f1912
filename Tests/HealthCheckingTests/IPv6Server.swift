import Foundation
import Glibc

/// Answers every connection to a port on ::1 with status 204.
final class IPv6Server: Sendable {
    let port: UInt16
    private let listener: CInt

    init() throws {
        let listener = socket(AF_INET6, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_addr = in6addr_loopback
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let status = withUnsafeMutableBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { address -> CInt in
                guard let address = address.baseAddress, bind(listener, address, length) == 0, listen(listener, 16) == 0 else { return -1 }
                return getsockname(listener, address, &length)
            }
        }
        guard listener >= 0, status == 0 else { throw CocoaError(.fileReadUnknown) }
        self.listener = listener
        port = UInt16(bigEndian: address.sin6_port)
        Thread {
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { break }
                var buffer = [UInt8](repeating: 0, count: 4096)
                _ = recv(connection, &buffer, buffer.count, 0)
                let answer = Array("HTTP/1.1 204 No Content\r\n\r\n".utf8)
                _ = send(connection, answer, answer.count, CInt(MSG_NOSIGNAL))
                close(connection)
            }
            close(listener)
        }.start()
    }

    deinit {
        shutdown(listener, CInt(SHUT_RDWR))
    }
}

import Glibc

/// A listening port whose queue is full: further connections are neither accepted nor refused.
struct SaturatedListener: ~Copyable {
    /// The port on 127.0.0.1.
    let port: UInt16

    private let descriptors: [CInt]

    init() throws {
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)

        var descriptors = [listener]
        let status = withUnsafeMutableBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { address -> CInt in
                guard let address = address.baseAddress, bind(listener, address, length) == 0, listen(listener, 0) == 0 else { return -1 }
                guard getsockname(listener, address, &length) == 0 else { return -1 }
                // A queue of length 0 takes one connection; the others wait for room that never comes.
                for _ in 0..<4 {
                    let filler = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
                    _ = connect(filler, address, length)
                    descriptors.append(filler)
                }
                return 0
            }
        }
        self.descriptors = descriptors
        port = UInt16(bigEndian: address.sin_port)
        guard status == 0 else { throw Failure(number: errno) }
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }

    /// A system call that failed.
    struct Failure: Error {
        let number: CInt
    }
}

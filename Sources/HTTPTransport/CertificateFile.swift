internal import Glibc

/// Reads files of certificates and keys. On the loop's thread: they are small, and libcurl would read them there as well.
enum CertificateFile {
    /// Far more than the authorities of a whole system.
    private static let maximumBytes = 4 << 20

    /// The bytes of a file; on failure `nil`, and `failure` is the error number.
    static func content(of path: String, failure: inout CInt) -> [UInt8]? {
        // A pipe in its place must not hold the thread.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            failure = errno
            return nil
        }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0, content.count + count <= maximumBytes else {
                failure = count < 0 ? errno : EFBIG
                return nil
            }
            if count == 0 { return content }
            content += buffer[..<count]
        }
    }
}

internal import Glibc

/// Looks at a file and reads it, without ever waiting for a pipe or reading one that is still being written.
enum FileReading {
    /// The largest file that is read, in bytes: a peers file of a million peers has about 60 MiB.
    static let sizeLimit = 256 << 20

    /// Why a file cannot be read.
    struct Failure: Error, Equatable, CustomStringConvertible {
        let description: String
    }

    /// What is at a path now; symbolic links are followed.
    static func look(at path: String) -> FileWatch.Look {
        var status = stat()
        guard stat(path, &status) == 0 else { return .unusable(reason(errno)) }
        do throws(Failure) {
            return .file(try check(status))
        } catch {
            return .unusable(error.description)
        }
    }

    /// The bytes of a file; `nil` when it changed while it was read.
    static func content(of path: String) throws(Failure) -> [UInt8]? {
        // Not to wait for a writer, should the path be a pipe by now.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw Failure(description: reason(errno)) }
        defer { close(file) }
        let before = try stamp(of: file)
        let bytes = try bytes(of: file, expected: Int(before.size))
        return try stamp(of: file) == before && bytes.count == Int(before.size) ? bytes : nil
    }

    private static func stamp(of file: CInt) throws(Failure) -> FileStamp {
        var status = stat()
        guard fstat(file, &status) == 0 else { throw Failure(description: reason(errno)) }
        return try check(status)
    }

    private static func check(_ status: stat) throws(Failure) -> FileStamp {
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(description: status.st_mode & S_IFMT == S_IFDIR ? "is a directory" : "is not a regular file")
        }
        let stamp = FileStamp(status)
        guard stamp.size <= sizeLimit else {
            throw Failure(description: "has \(stamp.size) bytes, allowed are \(sizeLimit)")
        }
        return stamp
    }

    private static func bytes(of file: CInt, expected: Int) throws(Failure) -> [UInt8] {
        var failure: Failure?
        let bytes = [UInt8](unsafeUninitializedCapacity: expected) { buffer, count in
            while count < expected {
                let received = read(file, buffer.baseAddress.map { $0 + count }, expected - count)
                if received > 0 {
                    count += received
                } else if received == 0 {
                    break
                } else if errno != EINTR {
                    failure = Failure(description: reason(errno))
                    break
                }
            }
        }
        if let failure { throw failure }
        return bytes
    }

    private static func reason(_ number: CInt) -> String {
        strerror(number).map { String(cString: $0) } ?? "error \(number)"
    }
}

internal import FoundationEssentials
internal import Glibc

/// The file that keeps the last-known-good state over a restart. Every call blocks for as long as the disk takes.
struct StateFile {
    /// How much is collected before it is written.
    private static let bufferSize = 1 << 20

    let path: String

    /// Reads it; `nil` when there is none.
    func read() throws(StateFileError) -> SavedState? {
        let bytes: Data
        do {
            bytes = try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
        } catch {
            if (error as? CocoaError)?.code == .fileReadNoSuchFile { return nil }
            throw StateFileError("it cannot be read: \(Self.reason(error))")
        }
        var decoder = StateDecoder()
        return try decoder.decode(bytes)
    }

    /// Replaces it in one step: whoever reads it, also after a crash of the machine, finds the old or the new one.
    ///
    /// - Returns: its length in bytes.
    func write(_ snapshot: StateSnapshot) throws(StateFileError) -> Int {
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw StateFileError("open", temporary, errno) }
        do throws(StateFileError) {
            defer { close(descriptor) }
            let length = try write(snapshot, to: descriptor, temporary)
            guard fsync(descriptor) == 0 else { throw StateFileError("fsync", temporary, errno) }
            guard rename(temporary, path) == 0 else { throw StateFileError("rename", path, errno) }
            try syncDirectory()
            return length
        } catch {
            unlink(temporary)
            throw error
        }
    }

    private func write(_ snapshot: StateSnapshot, to descriptor: CInt, _ name: String) throws(StateFileError) -> Int {
        var length = 0
        var buffer: [UInt8] = []
        var encoder = StateEncoder()
        try encoder.encode(snapshot) { line throws(StateFileError) in
            buffer += line
            guard buffer.count >= Self.bufferSize else { return }
            length += buffer.count
            try Self.writeAll(buffer, to: descriptor, name)
            buffer.removeAll(keepingCapacity: true)
        }
        try Self.writeAll(buffer, to: descriptor, name)
        return length + buffer.count
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: CInt, _ name: String) throws(StateFileError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 || errno == EINTR else { throw StateFileError("write", name, errno) }
            rest = rest.dropFirst(max(0, count))
        }
    }

    /// A rename is on disk when its directory is.
    private func syncDirectory() throws(StateFileError) {
        let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StateFileError("open", directory, errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw StateFileError("fsync", directory, errno) }
    }

    /// Moves it out of the way, so that the next one does not replace what somebody may want to look at.
    ///
    /// - Returns: where it is then.
    func setAside() throws(StateFileError) -> String {
        let aside = path + ".damaged"
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw StateFileError("\(path) is not a file") }
        guard rename(path, aside) == 0 else { throw StateFileError("rename", path, errno) }
        return aside
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = (error as? CocoaError)?.underlying as? POSIXError else { return "\(error)" }
        return String(cString: strerror(error.code.rawValue))
    }
}

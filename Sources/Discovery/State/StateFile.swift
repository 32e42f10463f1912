internal import FoundationEssentials
internal import Glibc

/// The file that keeps the last-known-good state over a restart. Every call blocks for as long as the disk takes.
struct StateFile {
    /// How much is collected before it is written.
    private static let bufferSize = 1 << 20
    private static let temporarySuffix = ".new"
    /// A temporary file that is older than this, in seconds, has lost its writer: one takes a moment to write.
    private static let leftoverAge = 600

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
        // A name that no other process writes to, though it be given the same path. Errors name the path, so that equal ones read alike.
        let temporary = "\(path).\(getpid())-\(String(UInt32.random(in: 0...(.max)), radix: 16))\(Self.temporarySuffix)"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw StateFileError("open", path, errno) }
        do throws(StateFileError) {
            defer { close(descriptor) }
            let length = try write(snapshot, to: descriptor)
            guard fsync(descriptor) == 0 else { throw StateFileError("fsync", path, errno) }
            guard rename(temporary, path) == 0 else { throw StateFileError("rename", path, errno) }
            try syncDirectory()
            return length
        } catch {
            unlink(temporary)
            throw error
        }
    }

    private func write(_ snapshot: StateSnapshot, to descriptor: CInt) throws(StateFileError) -> Int {
        var length = 0
        var buffer: [UInt8] = []
        var encoder = StateEncoder()
        try encoder.encode(snapshot) { line throws(StateFileError) in
            buffer += line
            guard buffer.count >= Self.bufferSize else { return }
            length += buffer.count
            try writeAll(buffer, to: descriptor)
            buffer.removeAll(keepingCapacity: true)
        }
        try writeAll(buffer, to: descriptor)
        return length + buffer.count
    }

    private func writeAll(_ bytes: [UInt8], to descriptor: CInt) throws(StateFileError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 || errno == EINTR else { throw StateFileError("write", path, errno) }
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

    /// Why a file is set aside: what its name then ends in.
    enum Fate: String {
        /// It cannot be read.
        case damaged
        /// It holds peers of sources that are not configured, or read another place.
        case unused
    }

    /// Moves it out of the way, or copies it there, so that the next one does not replace what somebody may want to look at.
    ///
    /// - Returns: where it is then.
    func setAside(as fate: Fate, isCopied: Bool = false) throws(StateFileError) -> String {
        let aside = "\(path).\(fate.rawValue)"
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw StateFileError("\(path) is not a file") }
        guard isCopied else {
            guard rename(path, aside) == 0 else { throw StateFileError("rename", path, errno) }
            return aside
        }
        unlink(aside)
        do {
            try FileManager.default.copyItem(atPath: path, toPath: aside)
        } catch {
            throw StateFileError("copy \(path) to \(aside): \(Self.reason(error))")
        }
        return aside
    }

    /// Deletes the temporary files that writers left behind because they, or the machine, crashed.
    func removeLeftovers() {
        let url = URL(filePath: path)
        let directory = url.deletingLastPathComponent().path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        for name in names where name.hasPrefix(url.lastPathComponent + ".") && name.hasSuffix(Self.temporarySuffix) {
            var status = stat()
            guard lstat("\(directory)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            if time(nil) - status.st_mtim.tv_sec > Self.leftoverAge { unlink("\(directory)/\(name)") }
        }
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = (error as? CocoaError)?.underlying as? POSIXError else { return "\(error)" }
        return String(cString: strerror(error.code.rawValue))
    }
}

import Foundation

/// A directory that lasts as long as this object.
final class TemporaryDirectory: Sendable {
    let path: String

    init() {
        path = FileManager.default.temporaryDirectory.appending(path: "lookaside-test-\(UUID().uuidString)").path
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The path of a file.
    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file in one step.
    func write(_ name: String, _ text: String) throws {
        let url = URL(filePath: file(name))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url, options: .atomic)
    }

    /// Removes a file.
    func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: file(name))
    }

    /// Puts a symbolic link in the place of another one, in one step.
    func link(_ name: String, to destination: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let fresh = file("\(name).new")
        try FileManager.default.createSymbolicLink(atPath: fresh, withDestinationPath: destination)
        guard rename(fresh, file(name)) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }
}

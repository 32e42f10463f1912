import Foundation

/// A directory that lasts as long as this object.
package final class TemporaryDirectory: Sendable {
    /// Its path.
    package let path: String

    /// Makes an empty one.
    package init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "lookaside-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The path of a file.
    package func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file in one step, in directories that need not be there.
    package func write(_ name: String, _ text: String) throws {
        let url = URL(filePath: file(name))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url, options: .atomic)
    }

    /// Removes a file.
    package func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: file(name))
    }

    /// Puts a symbolic link in the place of another one, in one step.
    package func link(_ name: String, to destination: String) throws {
        let fresh = file("\(name).new")
        try FileManager.default.createSymbolicLink(atPath: fresh, withDestinationPath: destination)
        guard rename(fresh, file(name)) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }
}

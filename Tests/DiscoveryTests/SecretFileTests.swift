import Discovery
import Foundation
import Testing

/// A secret over the life of its file.
final class SecretFileTests {
    private let path = FileManager.default.temporaryDirectory.appending(path: "lookaside-secret-\(UUID().uuidString)").path

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    @Test func `a secret is read whenever it is asked for, without its line ends, and the last one stays while there is none`() throws {
        var file = SecretFile(path: path, kind: "password")
        try Data("one\r\n\n".utf8).write(to: URL(filePath: path))
        #expect(try file.read() == "one")
        try Data("\n".utf8).write(to: URL(filePath: path))
        #expect(try file.read() == "one")
        try FileManager.default.removeItem(atPath: path)
        #expect(try file.read() == "one")
        try Data("two".utf8).write(to: URL(filePath: path))
        #expect(try file.read() == "two")
    }

    @Test func `a file that was never of use is named, and so is one whose secret was refused`() throws {
        func failure(_ file: inout SecretFile) -> String {
            do throws(SecretFile.Unusable) {
                return try file.read()
            } catch {
                return error.description
            }
        }
        var file = SecretFile(path: path, kind: "token")
        #expect(failure(&file) == "the token file \(path) is empty or cannot be read")
        try Data("one".utf8).write(to: URL(filePath: path))
        #expect(failure(&file) == "one")
        try FileManager.default.removeItem(atPath: path)
        file.forget()
        #expect(failure(&file) == "the token file \(path) is empty or cannot be read")
    }
}

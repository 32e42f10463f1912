import FoundationEssentials
import Testing

@testable import LookasideServer

struct ConfigurationLoadTests {
    @Test func `a file is read, with paths from its directory`() throws {
        try withDirectory { directory in
            let path = "\(directory)/lookaside.yaml"
            try Data("workers: 3\nstate_file: ${NAME}.json".utf8).write(to: URL(filePath: path))
            let configuration = try Configuration.load(path: path, environment: ["NAME": "state"])
            #expect(configuration.workers == 3)
            #expect(configuration.stateFile == "\(directory)/state.json")
        }
    }

    @Test func `a file that cannot be read is an error that says why`() throws {
        try withDirectory { directory in
            #expect(errors("\(directory)/none.yaml") == ["\(directory)/none.yaml: cannot be read: No such file or directory"])
            #expect(errors(directory) == ["\(directory): cannot be read: Is a directory"])
            #expect(errors("") == [": found an empty path, expected that of a configuration file"])
            let path = "\(directory)/binary.yaml"
            try Data([0x61, 0x3A, 0x20, 0xFF]).write(to: URL(filePath: path))
            #expect(errors(path) == ["\(path): is not UTF-8 text"])
        }
    }

    @Test func `the errors of a file name it as it was given`() throws {
        try withDirectory { directory in
            let path = "\(directory)/./lookaside.yaml"
            try Data("\nworkers: x\nlog: 1".utf8).write(to: URL(filePath: path))
            let expected = [
                "\(path):2:1: workers: found \"x\", expected a whole number from 0 to 1024", "\(path):3:1: log: found 1, expected a mapping",
            ]
            #expect(errors(path) == expected)
            #expect(throws: ConfigurationErrors.self) { try Configuration.load(path: path, environment: [:]) }
        }
    }

    private func errors(_ path: String) -> [String] {
        do {
            _ = try Configuration.load(path: path, environment: [:])
            return []
        } catch {
            return error.description.split(separator: "\n").map(String.init)
        }
    }

    private func withDirectory(_ body: (String) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "lookaside-configuration-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try body(directory.path())
    }
}

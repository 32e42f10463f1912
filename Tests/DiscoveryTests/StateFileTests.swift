import Foundation
import Glibc
import TestSupport
import Testing

@testable import Balancing
@testable import Discovery

/// What a state file gives back, and what it does not.
final class StateFileTests {
    private let directory: URL
    private let file: StateFile
    private let now = ContinuousClock.now

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "lookaside-state-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        file = StateFile(path: directory.appending(path: "state.json").path)
    }

    deinit {
        try? FileManager.default.removeItem(at: directory)
    }

    private static let rich = PeerValue(
        weight: 0.5,
        checkURL: "",
        isCheckedByDefault: false,
        slowStart: 7.5,
        status: .draining,
        zone: "a/ü",
        metadata: ["rack": "7", "\"": "\n"],
        identity: "uid-1"
    )

    private func table(_ peers: KeyValuePairs<String, PeerValue>) -> SourceTable {
        var table = SourceTable()
        for (key, value) in peers { table.apply(SourceEntry(key: key, content: .value(value))) }
        return table
    }

    private func snapshot(_ tables: [SourceTable], verdicts: [String: ServiceVerdicts] = [:]) -> StateSnapshot {
        StateSnapshot(
            version: 1,
            sources: tables.indices.map { SourceDescription(name: "source-\($0)", scope: "scope \($0)") },
            contacts: tables.indices.map { $0 == 0 ? 99.5 : nil },
            tables: tables,
            verdicts: verdicts,
            now: now,
            wallTime: 100
        )
    }

    /// A snapshot that has something of everything.
    private func example() throws -> StateSnapshot {
        var naming = table(["web/10.0.0.1:80": .default, "web/[::1]:8080": Self.rich, "other/10.0.0.1:80": Self.rich])
        naming.name(service: "empty")
        let peer = try PeerAddress("10.0.0.1:80")
        let verdicts = ServiceVerdicts(
            restoring: [peer: SavedVerdict(since: 12.25, isHealthy: false, reason: "check failed: status 500")],
            at: now,
            wallTime: 100,
            settings: LogCheckSettings()
        )
        return snapshot([naming, table(["web/10.0.0.2:80": PeerValue(weight: 3)])], verdicts: ["web": verdicts])
    }

    private func read() throws -> SavedState { try #require(try file.read()) }

    @Test func `what was saved is read again`() throws {
        let snapshot = try example()
        #expect(try file.write(snapshot) == (try Data(contentsOf: URL(filePath: file.path))).count)
        let state = try read()
        #expect(state.savedAt == 100)
        #expect(state.sources.map(\.name) == ["source-0", "source-1"] && state.sources.map(\.scope) == ["scope 0", "scope 1"])
        #expect(state.sources.map(\.contact) == [99.5, nil])
        #expect(state.sources.map(\.services) == snapshot.tables.map(\.services))
        let verdict = SavedVerdict(since: 12.25, isHealthy: false, reason: "check failed: status 500")
        #expect(state.verdicts == ["web": [try PeerAddress("10.0.0.1:80"): verdict]])
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["state.json"])
    }

    @Test func `no file is no state`() throws {
        #expect(try file.read() == nil)
    }

    @Test func `a random fleet is read as it was saved, and each value is written once`() throws {
        var generator = SeededGenerator(seed: 3)
        let values = (0..<20).map { PeerValue(weight: Double($0), zone: "zone-\($0)") }
        var list = SourceTable()
        for _ in 0..<20_000 {
            let key = "service-\(Int.random(in: 0..<300, using: &generator))/10.0.\(Int.random(in: 0...255, using: &generator)).1:80"
            // Equal values that are other objects, too.
            let value = values[Int.random(in: 0..<20, using: &generator)]
            let isCopied = Bool.random(using: &generator)
            list.apply(SourceEntry(key: key, content: .value(isCopied ? PeerValue(weight: value.weight, zone: value.zone) : value)))
        }
        _ = try file.write(snapshot([list]))
        #expect(try read().sources[0].services == list.services)
        #expect(try String(contentsOfFile: file.path, encoding: .utf8).matches(of: /"zone-7"/).count == 1)
    }

    @Test func `a file that was cut anywhere is refused`() throws {
        _ = try file.write(try example())
        let whole = try Data(contentsOf: URL(filePath: file.path))
        for length in 0..<whole.count {
            try whole.prefix(length).write(to: URL(filePath: file.path))
            #expect(throws: StateFileError.self, "\(length) bytes") { try self.file.read() }
        }
    }

    @Test func `a file of which any bit is another is refused`() throws {
        _ = try file.write(try example())
        let whole = try Data(contentsOf: URL(filePath: file.path))
        for bit in 0..<8 * whole.count {
            var damaged = whole
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            try damaged.write(to: URL(filePath: file.path))
            #expect(throws: StateFileError.self, "bit \(bit)") { try self.file.read() }
        }
    }

    @Test(arguments: [
        ("", "it is not a state file of Lookaside"), ("{}\n", "it is not a state file of Lookaside"),
        ("\u{7F}ELF\n", "it is not a state file of Lookaside"),
        (#"{"lookaside_state":1,"saved_at":1,"sources":[]}"#, "it is not a state file of Lookaside"),
        (#"{"lookaside_state":2,"saved_at":1,"sources":[]}"# + "\n", "it is of version 2, and this program reads version 1"),
        (#"{"lookaside_state":1,"saved_at":1,"sources":[]}"# + "\n", "it has no end: it was cut"),
        (
            #"{"lookaside_state":1,"saved_at":1,"sources":[]}"# + "\n" + #"{"crc32":"0"}"# + "\n",
            "it is damaged: its checksum is a9b62784 and should be 0"
        ),
    ])
    func `what is no state file of this version is refused with the reason`(text: String, reason: String) throws {
        try Data(text.utf8).write(to: URL(filePath: file.path))
        let error = #expect(throws: StateFileError.self) { try self.file.read() }
        #expect(error?.description == reason)
    }

    @Test func `a file that cannot be replaced stays as it was, and nothing is left beside it`() throws {
        _ = try file.write(try example())
        let before = try Data(contentsOf: URL(filePath: file.path))
        let large = table(["web/10.0.0.1:80": PeerValue(zone: String(repeating: "x", count: 1 << 20))])
        let error = try onFullDisk {
            try before.write(to: URL(filePath: file.path))
            let error = #expect(throws: StateFileError.self) { try self.file.write(self.snapshot([large])) }
            #expect(try Data(contentsOf: URL(filePath: file.path)) == before)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["state.json"])
            return error
        }
        let isRoot = getuid() == 0
        #expect(error?.description.hasPrefix(isRoot ? "write \(file.path): " : "open \(file.path): ") == true)
        #expect(error?.description.hasSuffix(isRoot ? "No space left on device" : "Permission denied") == true)
    }

    /// Runs a body with no room in the directory; where nobody may mount a small disk there, with no right to write in it.
    private func onFullDisk<Answer>(_ body: () throws -> Answer) throws -> Answer {
        func run(_ arguments: [String]) throws {
            let process = try Process.run(URL(filePath: "/usr/bin/env"), arguments: arguments)
            process.waitUntilExit()
            try #require(process.terminationStatus == 0, "\(arguments)")
        }
        let isRoot = getuid() == 0
        try run(isRoot ? ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", directory.path] : ["chmod", "500", directory.path])
        defer { try? run(isRoot ? ["umount", directory.path] : ["chmod", "700", directory.path]) }
        return try body()
    }

    @Test func `two that write the same file do not disturb each other`() async throws {
        let (file, snapshot) = (file, try example())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask { for _ in 0..<20 { _ = try file.write(snapshot) } }
            }
            try await group.waitForAll()
        }
        #expect(try read().sources.map(\.services) == snapshot.tables.map(\.services))
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["state.json"])
    }

    @Test func `a directory is neither read nor set aside`() throws {
        try FileManager.default.createDirectory(atPath: file.path, withIntermediateDirectories: false)
        #expect(throws: StateFileError.self) { try self.file.read() }
        #expect(throws: StateFileError("\(file.path) is not a file")) { try self.file.setAside(as: .damaged) }
    }

    @Test func `a checksum is that of RFC 1952`() {
        var checksum = Checksum()
        checksum.add(Array("1234".utf8))
        checksum.add(Array("56789".utf8)[...])
        #expect(checksum.text == "cbf43926")
    }
}

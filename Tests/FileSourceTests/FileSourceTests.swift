import Discovery
import DiscoveryTestSupport
import Foundation
import Glibc
import Logging
import Synchronization
import Testing

@testable import FileSource

/// Real files in a temporary directory, looked at every millisecond instead of every 50.
final class FileSourceTests {
    private let folder: URL
    private let path: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("peers-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.appendingPathComponent("peers.yaml").path
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    private func serve(
        _ path: String? = nil,
        pause: @escaping @Sendable () async throws -> Void = { try await Task.sleep(for: .milliseconds(1)) }
    ) -> ServedFile {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return ServedFile(FileSource(path: path ?? self.path, logger: logger) { _ in try await pause() })
    }

    /// Replaces the file in one step: no look sees it empty.
    private func write(_ text: String, to path: String? = nil) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path ?? self.path), options: .atomic)
    }

    private func peers(weight: Int) -> String {
        "services: {web: {'10.0.0.1:80': {weight: \(weight)}}}"
    }

    private func hasWeight(_ weight: Double, _ served: ServedFile) async throws -> Bool {
        try await served.eventually { served.weights(of: "web") == ["10.0.0.1:80": weight] && served.monitor.status.phase == .watching }
    }

    @Test func `a file is delivered, and its revision is that of its content`() async throws {
        try write(peers(weight: 5))
        let served = serve()
        #expect(try await hasWeight(5, served))
        let status = served.monitor.status
        #expect(status.isSynced && status.lists == 1 && status.peers == 1 && status.lastError.isEmpty)
        await served.stop()
        let second = serve()
        #expect(try await hasWeight(5, second))
        #expect(second.monitor.status.revision == status.revision && status.revision != "")
        await second.stop()
    }

    @Test func `a missing file is not synced, says why, and is delivered when it appears`() async throws {
        let served = serve()
        let path = path
        #expect(try await served.eventually { served.monitor.status.lastError == "\(path): No such file or directory" })
        #expect(!served.monitor.status.isSynced && served.monitor.status.phase == .backoff)
        try write(peers(weight: 6))
        #expect(try await hasWeight(6, served))
        #expect(served.monitor.status.lastError.isEmpty && served.monitor.status.failures == 1)
        await served.stop()
    }

    @Test func `rename, truncation and writing in place are seen`() async throws {
        try write(peers(weight: 1))
        let served = serve()
        #expect(try await hasWeight(1, served))
        try write(peers(weight: 2), to: path + ".new")
        #expect(rename(path + ".new", path) == 0)
        #expect(try await hasWeight(2, served))
        let file = open(path, O_WRONLY | O_TRUNC)
        usleep(30_000)
        _ = peers(weight: 3).withCString { Glibc.write(file, $0, strlen($0)) }
        close(file)
        #expect(try await hasWeight(3, served))
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.write(contentsOf: Data(peers(weight: 4).utf8))
        try handle.close()
        #expect(try await hasWeight(4, served))
        await served.stop()
    }

    @Test func `the swap of a symbolic link in the middle of the path is seen`() async throws {
        // As Kubernetes does it in mounted configuration: peers.yaml -> ..data/peers.yaml, and ..data -> a new directory.
        for version in 1...2 {
            let data = folder.appendingPathComponent("v\(version)")
            try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
            try write(peers(weight: version), to: data.appendingPathComponent("peers.yaml").path)
        }
        let link = folder.appendingPathComponent("..data").path
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "v1")
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "..data/peers.yaml")
        let served = serve()
        #expect(try await hasWeight(1, served))
        try FileManager.default.createSymbolicLink(atPath: link + ".new", withDestinationPath: "v2")
        #expect(rename(link + ".new", link) == 0)
        #expect(try await hasWeight(2, served))
        await served.stop()
    }

    @Test func `a second change that leaves no trace in the file's times is found`() async throws {
        // A file in memory: a page that goes to a disk in between has its times set by the next write as well.
        let name = "/\(folder.lastPathComponent)"
        let file = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0o600)
        try #require(file >= 0 && shm_unlink(name) == 0)
        defer { close(file) }
        let path = "/proc/self/fd/\(file)"
        let text = peers(weight: 1)
        let size = text.utf8.count
        try #require(text.withCString { Glibc.write(file, $0, size) } == size)
        let memory = try #require(mmap(nil, size, PROT_READ | PROT_WRITE, Int32(MAP_SHARED), file, 0))
        defer { munmap(memory, size) }
        let weight = try #require(text.utf8.firstIndex(of: UInt8(ascii: "1")).map { _ in text.utf8.count - 4 })
        let bytes = memory.assumingMemoryBound(to: UInt8.self)
        #expect(bytes[weight] == UInt8(ascii: "1"))
        // A write through the mapping leaves no trace in the times of such a file.
        bytes[weight] = UInt8(ascii: "2")
        let before = FileReading.look(at: path)
        let looks = Atomic(0)
        let isWritten = Atomic(false)
        let served = serve(path) {
            // The second look reads the file; those that lead to the second reading wait for the second change.
            let isRead = looks.wrappingAdd(1, ordering: .relaxed).newValue >= 2
            repeat { try await Task.sleep(for: .milliseconds(1)) } while isRead && !isWritten.load(ordering: .acquiring)
        }
        #expect(try await hasWeight(2, served))
        bytes[weight] = UInt8(ascii: "3")
        #expect(FileReading.look(at: path) == before)
        isWritten.store(true, ordering: .releasing)
        #expect(try await hasWeight(3, served))
        await served.stop()
    }

    @Test(arguments: ["", "services:", "services: {web: {", "other: {}"])
    func `the last good peers stay while the file is not valid`(text: String) async throws {
        try write(peers(weight: 5))
        let served = serve()
        #expect(try await hasWeight(5, served))
        try write(text)
        #expect(try await served.eventually { served.monitor.status.phase == .backoff })
        let path = path
        #expect(served.monitor.status.lastError.hasPrefix("\(path):"))
        #expect(served.weights(of: "web") == ["10.0.0.1:80": 5])
        try write(peers(weight: 6))
        #expect(try await hasWeight(6, served))
        #expect(served.monitor.status.lastError.isEmpty && served.monitor.status.failures == 1)
        await served.stop()
    }

    @Test func `the last good peers stay while the file is gone, and the same file coming back is no change`() async throws {
        try write(peers(weight: 5))
        let served = serve()
        #expect(try await hasWeight(5, served))
        #expect(rename(path, path + ".away") == 0)
        #expect(try await served.eventually { served.monitor.status.phase == .backoff })
        #expect(served.weights(of: "web") == ["10.0.0.1:80": 5])
        #expect(rename(path + ".away", path) == 0)
        #expect(try await hasWeight(5, served))
        #expect(served.monitor.status.lists == 1 && served.monitor.status.lastError.isEmpty)
        await served.stop()
    }

    @Test func `a directory, a pipe and links in a circle are no peers file`() async throws {
        #expect(mkfifo(path + ".pipe", 0o600) == 0)
        try FileManager.default.createSymbolicLink(atPath: path + ".circle", withDestinationPath: path + ".circle")
        #expect(FileReading.look(at: folder.path) == .unusable("is a directory"))
        #expect(FileReading.look(at: path + ".pipe") == .unusable("is not a regular file"))
        #expect(FileReading.look(at: path + ".circle") == .unusable("Too many levels of symbolic links"))
        #expect(throws: FileReading.Failure(description: "is not a regular file")) { try FileReading.content(of: self.path + ".pipe") }
    }

    @Test(.enabled(if: geteuid() != 0, "root may read everything"))
    func `a file without permission is a fault that ends with it`() async throws {
        try write(peers(weight: 5))
        chmod(path, 0)
        let served = serve()
        #expect(try await served.eventually { served.monitor.status.lastError.hasSuffix(": Permission denied") })
        chmod(path, 0o600)
        #expect(try await hasWeight(5, served))
        await served.stop()
    }

    @Test func `a huge file is refused before it is read`() throws {
        let file = open(path, O_WRONLY | O_CREAT, 0o600)
        #expect(ftruncate(file, FileReading.sizeLimit + 1) == 0)
        close(file)
        let reason = "has \(FileReading.sizeLimit + 1) bytes, allowed are \(FileReading.sizeLimit)"
        #expect(FileReading.look(at: path) == .unusable(reason))
        #expect(throws: FileReading.Failure(description: reason)) { try FileReading.content(of: self.path) }
    }

    @Test func `a bad value keeps the earlier valid one of the same peer only`() async throws {
        try write("services: {web: {'10.0.0.1:80': {weight: 5}, '10.0.0.2:80': {weight: 5}}}")
        let served = serve()
        #expect(try await served.eventually { served.weights(of: "web")?.count == 2 })
        try write("services: {web: {'10.0.0.1:80': {weight: heavy}, '10.0.0.3:80': {weight: heavy}, '10.0.0.4:80': {}}}")
        #expect(try await served.eventually { served.weights(of: "web") == ["10.0.0.1:80": 5, "10.0.0.4:80": 100] })
        #expect(served.monitor.status.skipped == 2 && served.monitor.status.phase == .watching)
        await served.stop()
    }

    @Test func `an empty mapping of services empties, an empty service stays known`() async throws {
        try write("services: {web: {'10.0.0.1:80': {}}, api: {'10.0.0.1:80': {}}}")
        let served = serve()
        #expect(try await served.eventually { served.weights(of: "api")?.count == 1 })
        try write("services: {web: {}}")
        #expect(try await served.eventually { served.weights(of: "api") == [:] && served.weights(of: "web") == [:] })
        #expect(served.monitor.status.services == 1)
        try write("services: {}")
        #expect(try await served.eventually { served.monitor.status.services == 0 })
        await served.stop()
    }

    @Test func `a change is in picks within 0.3 s`() async throws {
        try write(peers(weight: 1))
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let served = ServedFile(FileSource(path: path, logger: logger))
        #expect(try await hasWeight(1, served))
        var best = Duration.seconds(10)
        // The best of a few: on a busy machine this task may wait for its turn.
        for weight in 2...4 {
            try write(peers(weight: weight))
            let began = ContinuousClock.now
            #expect(try await hasWeight(Double(weight), served))
            best = min(best, began.duration(to: .now))
        }
        #expect(best < .milliseconds(300))
        await served.stop()
    }
}

package import Discovery
package import Logging

/// Peers from a file, watched: what is in the file is in picks a tenth of a second after it was written.
///
/// While the file is missing, unreadable or not valid the last good peers stay, and the monitor says why; a source whose
/// file was never there is not synced. A file that changes oftener than every 50 ms is read when it comes to rest, or at
/// every fourth look; replace it by renaming, and no reader ever sees half of it.
///
/// The revision of a delivery is a hash of the content (FNV-1a, 64 bits, hexadecimal), the same on every replica that reads the
/// same file. The session never ends by itself. Looking, reading and parsing, which may take seconds, have a thread of their own.
package actor FileSource: Source {
    /// How often the file is looked at. A change is read when two looks in a row agree.
    private static let interval = Duration.milliseconds(50)

    private let executor = ThreadExecutor(label: "file source")
    private let path: String
    private let logger: Logger
    private let pause: @Sendable (Duration) async throws -> Void

    /// The content read last, and what is wrong with it.
    private var content: (hash: UInt64, fault: String?)?
    /// What was reported last; `nil` while all is well.
    private var fault: String?

    /// The thread of its own.
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Makes a source that has not looked yet.
    ///
    /// - Parameters:
    ///   - path: the file; as written here it stands in messages. A relative path starts at the working directory.
    ///   - pause: waits between two looks; for tests.
    package init(
        path: String,
        logger: Logger,
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.path = path
        self.logger = logger
        self.pause = pause
    }

    /// Follows the file until the task is cancelled.
    package func run(_ feed: SourceFeed) async throws {
        feed.monitor.enter(.connecting)
        fault = nil
        var watch = FileWatch()
        while true {
            try Task.checkCancellation()
            let look = FileReading.look(at: path)
            switch watch.decide(look) {
            case .wait:
                if case .file = look, content != nil, fault == nil { feed.monitor.provedContact() }
            case .fault(let reason):
                report("\(path): \(reason)", to: feed)
            case .read:
                if await !read(into: feed) { watch.readAgain() }
            }
            try await pause(Self.interval)
        }
    }

    /// Reads the file and delivers what is new.
    ///
    /// - Returns: whether the file could be read, valid or not.
    private func read(into feed: SourceFeed) async -> Bool {
        let bytes: [UInt8]
        do throws(FileReading.Failure) {
            guard let content = try FileReading.content(of: path) else { return false }
            bytes = content
        } catch {
            report("\(path): \(error)", to: feed)
            return false
        }
        let hash = Self.hash(of: bytes)
        if content?.hash != hash {
            do throws(PeersFile.Invalid) {
                let table = try PeersFile.table(from: bytes)
                content = (hash, nil)
                await feed.replace(with: table, revision: String(hash, radix: 16))
            } catch {
                content = (hash, "\(path)\(error)")
            }
        }
        if let fault = content?.fault {
            report(fault, to: feed)
        } else {
            fault = nil
            feed.monitor.enter(.watching)
        }
        return true
    }

    /// Says once what is wrong.
    private func report(_ message: String, to feed: SourceFeed) {
        guard message != fault else { return }
        fault = message
        feed.monitor.fault(message)
        logger.warning("peers file cannot be used, its last peers stay", metadata: ["source": "\(feed.monitor.name)", "error": "\(message)"])
    }

    private static func hash(of bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0100_0000_01b3 }
    }
}

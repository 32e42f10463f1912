import Discovery
import Synchronization

/// A source whose sessions a test writes.
final class ScriptedSource: Source {
    /// Why a session fails.
    struct Failure: DelayingError, CustomStringConvertible {
        let description: String
        var delay = Duration.zero
    }

    let backoff: Backoff
    private let count = Mutex(0)
    private let session: @Sendable (_ number: Int, SourceFeed) async throws -> Void

    /// Makes a source; its sessions are numbered from 1.
    init(backoff: Backoff = Backoff(), session: @escaping @Sendable (_ number: Int, SourceFeed) async throws -> Void) {
        self.backoff = backoff
        self.session = session
    }

    /// How many sessions have begun.
    var sessions: Int { count.withLock { $0 } }

    func run(_ feed: SourceFeed) async throws {
        let number = count.withLock { count in
            count += 1
            return count
        }
        try await session(number, feed)
    }
}

import Logging
import Synchronization

/// Keeps what is logged.
final class RecordedLog: Sendable {
    /// A logged line.
    struct Line: Equatable {
        let level: Logger.Level
        let error: String
    }

    private struct Handler: LogHandler {
        let log: RecordedLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let line = Line(level: event.level, error: event.metadata?["error"].map { "\($0)" } ?? "")
            log.recorded.withLock { $0.append(line) }
        }
    }

    private let recorded = Mutex<[Line]>([])

    /// A logger that keeps its lines here, of every level.
    var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

    /// What was logged so far.
    var lines: [Line] { recorded.withLock { $0 } }
}

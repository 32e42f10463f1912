package import Logging
internal import Synchronization

/// The server's log to standard error, whose level and format may change while it runs: every logger made from it follows.
///
/// Thread-safe.
package final class ServerLog: Sendable {
    private let settings: Mutex<Configuration.Log>

    /// Makes a log as a configuration says.
    package init(_ settings: Configuration.Log = .init()) {
        self.settings = Mutex(settings)
    }

    /// A logger to this log. Its own `logLevel` cannot be set: the log's holds for all.
    package var logger: Logger {
        Logger(label: "lookaside") { Handler(log: self, label: $0) }
    }

    /// Takes over another level and format.
    func apply(_ settings: Configuration.Log) {
        self.settings.withLock { $0 = settings }
    }

    /// Hands each line to the handler of the format of the moment.
    private struct Handler: LogHandler {
        let log: ServerLog
        private var text: StreamLogHandler
        private var json: JSONLogHandler

        init(log: ServerLog, label: String) {
            self.log = log
            text = .standardError(label: label)
            json = JSONLogHandler(label: label)
        }

        var logLevel: Logger.Level {
            get { log.settings.withLock { $0.level } }
            set {}
        }

        var metadata: Logger.Metadata {
            get { json.metadata }
            set {
                text.metadata = newValue
                json.metadata = newValue
            }
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            switch log.settings.withLock({ $0.format }) {
            case .text: text.log(event: event)
            case .json: json.log(event: event)
            }
        }
    }
}

package import Logging

extension Configuration {
    /// A logger to standard error, as the configuration says.
    package func makeLogger() -> Logger {
        var logger = Logger(label: "lookaside") { [log] label in
            switch log.format {
            case .text: StreamLogHandler.standardError(label: label)
            case .json: JSONLogHandler(label: label)
            }
        }
        logger.logLevel = log.level
        return logger
    }
}

/// One thing that is wrong with a configuration file, and where.
///
/// Its description is one line for the operator:
/// `lookaside.yaml:12:3: health_check.interval: found "abc", expected a duration: seconds or 250ms, 5s, 1m, 2h`.
/// What it says was found is the text of the file, never the value of an environment variable.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A place in the file; both count from 1, the column in Unicode scalars.
    package struct Position: Sendable, Equatable, Comparable {
        /// The line.
        package let line: Int
        /// The column.
        package let column: Int

        /// The first place of a file.
        static let start = Position(line: 1, column: 1)

        /// Whether the left place comes first in the file.
        package static func < (left: Position, right: Position) -> Bool {
            (left.line, left.column) < (right.line, right.column)
        }
    }

    /// The file as the operator named it.
    package let file: String
    /// Where the key is, or the item of a list; nil when the file as a whole cannot be read.
    package let position: Position?
    /// The path of the key, such as `sources[0].etcd.prefix`; empty when the error belongs to no key.
    package let key: String
    /// What was found and what is allowed.
    package let message: String

    /// The error as one line.
    package var description: String {
        var line = file
        if let position {
            line += ":\(position.line):\(position.column)"
        }
        return key.isEmpty ? "\(line): \(message)" : "\(line): \(key): \(message)"
    }
}

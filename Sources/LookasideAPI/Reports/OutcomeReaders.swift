internal import Synchronization

/// The readers of all reports: each is used by one report at a time, and kept for the next one.
///
/// Thread-safe.
final class OutcomeReaders: Sendable {
    /// How many readers are kept.
    private static let keptCount = 16
    /// Readers that have read longer texts than this are not kept: they hold about 14 bytes for each of it. A power of two, as capacities are.
    private static let keptCapacity = 131_072

    private let idle = Mutex<[OutcomeReader]>([])

    /// Makes a pool without readers.
    init() {}

    /// Lends a reader to `body`.
    func withReader<Result, Failure: Error>(_ body: (OutcomeReader) throws(Failure) -> Result) throws(Failure) -> Result {
        let reader = idle.withLock { $0.popLast() } ?? OutcomeReader()
        defer {
            if reader.capacity <= Self.keptCapacity { idle.withLock { if $0.count < Self.keptCount { $0.append(reader) } } }
        }
        return try body(reader)
    }
}

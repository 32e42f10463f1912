/// A list of entries by second, in order, which forgets those of more than a minute ago before it takes more memory.
struct SecondLog<Entry: SecondLogEntry>: Sendable {
    /// How many seconds back entries are kept: a window of 60 complete ones, and the running one.
    static var memory: UInt32 { 61 }

    /// The entries that are still here, the oldest first; some may be older than a minute.
    var entries: [Entry] = []

    /// Adds an entry of a second that is not before the last one's.
    mutating func append(_ entry: Entry) {
        if entries.count == entries.capacity { makeRoom(at: entry.second) }
        entries.append(entry)
    }

    /// Grows by a quarter where arrays double: a server keeps hundreds of thousands of these.
    private mutating func makeRoom(at second: UInt32) {
        let oldest = second - min(second, Self.memory)
        let live = entries.drop { $0.second < oldest }
        var kept: [Entry] = []
        kept.reserveCapacity(live.count + live.count / 4 + 2)
        kept.append(contentsOf: live)
        entries = kept
    }

    /// Calls `body` with each entry of a range of seconds.
    func forEach(in seconds: Range<UInt32>, _ body: (Entry) -> Void) {
        for entry in entries where seconds.contains(entry.second) { body(entry) }
    }
}

/// What a ``SecondLog`` holds.
protocol SecondLogEntry: Sendable {
    /// The second it belongs to.
    var second: UInt32 { get }
}

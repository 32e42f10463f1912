/// A list of entries by second, in order, which forgets those of more than a minute ago before it takes more memory.
///
/// An entry knows its second by the lower 16 bits: its age says which one it is, and no entry gets older than some minutes.
struct SecondLog<Entry: SecondLogEntry>: Sendable {
    /// How many seconds back entries are kept: a window of 60 complete ones, and the running one.
    static var memory: UInt32 { 61 }

    /// The entries that are still here, the oldest first; some may be older than a minute.
    var entries: [Entry] = []

    /// Adds an entry of the second `newest`, which is not before any entry's and at most ``memory`` after the last one's.
    mutating func append(_ entry: Entry, newest: UInt32) {
        let isOld = entries.first.map { $0.age(at: newest) > 2 * Self.memory } ?? false
        if isOld || entries.count == entries.capacity { makeRoom(newest: newest) }
        entries.append(entry)
    }

    /// Grows by an eighth where arrays double: a server keeps hundreds of thousands of these.
    private mutating func makeRoom(newest: UInt32) {
        let live = entries.drop { $0.age(at: newest) > Self.memory }
        var kept: [Entry] = []
        kept.reserveCapacity(live.count + live.count / 8 + 2)
        kept.append(contentsOf: live)
        entries = kept
    }

    /// Calls `body` with each entry of a range of seconds.
    func forEach(in seconds: Range<UInt32>, newest: UInt32, _ body: (Entry) -> Void) {
        for entry in entries where seconds.contains(newest - min(newest, entry.age(at: newest))) { body(entry) }
    }
}

/// What a ``SecondLog`` holds.
protocol SecondLogEntry: Sendable {
    /// The lower 16 bits of the second that it belongs to.
    var second: UInt16 { get }
}

extension SecondLogEntry {
    /// How many seconds ago it was, in the second `newest`.
    func age(at newest: UInt32) -> UInt32 {
        UInt32(UInt16(truncatingIfNeeded: newest) &- second)
    }
}

/// Counts per second, of the running second and at least the 60 before it.
///
/// Holds memory (64 counters of four bytes) only from the first count on. Seconds are any steadily growing number of
/// the caller's clock; a second older than the newest by more than the ring holds is dropped.
package struct SecondRing: Sendable {
    private static let size: UInt32 = 64

    private var counts: [UInt32] = []
    private var newest: UInt32 = 0

    /// Makes a ring without memory.
    package init() {}

    /// Adds `count` to `second`.
    package mutating func add(_ count: UInt32, at second: UInt32) {
        if counts.isEmpty {
            counts = Array(repeating: 0, count: Int(Self.size))
            newest = second
        }
        if second > newest {
            for skipped in 1...min(second - newest, Self.size) {
                counts[Int((newest &+ skipped) % Self.size)] = 0
            }
            newest = second
        }
        guard newest - second < Self.size else { return }
        counts[Int(second % Self.size)] &+= count
    }

    /// The sum of the `window` complete seconds before `second`; `window` is 1 to 60.
    package func sum(window: Int, before second: UInt32) -> UInt64 {
        guard !counts.isEmpty else { return 0 }
        var sum: UInt64 = 0
        for age in 1...UInt32(window) where age <= second {
            let past = second - age
            if past <= newest, newest - past < Self.size { sum += UInt64(counts[Int(past % Self.size)]) }
        }
        return sum
    }

    /// Whether no count of the last minute before `second` is held.
    package func isIdle(at second: UInt32) -> Bool {
        counts.isEmpty || (second > newest && second - newest > 60)
    }
}

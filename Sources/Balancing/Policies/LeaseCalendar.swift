/// Which leases of a service end when. A pure value.
///
/// Leases of one peer that end in the same second are one: the mark of the last one stands for all (see ``LeaseBalance``).
struct LeaseCalendar {
    /// Leases that have ended.
    struct Entry {
        let peer: PeerState
        let mark: UInt64
    }

    private var entriesBySecond: [UInt32: [ObjectIdentifier: Entry]] = [:]

    /// Notes that the leases of a peer up to a mark end after some seconds.
    mutating func add(_ peer: PeerState, mark: UInt64, at now: Moment, lasting seconds: Double) {
        let end = now.second &+ UInt32(max(1, seconds.rounded(.up)))
        entriesBySecond[end, default: [:]][ObjectIdentifier(peer)] = Entry(peer: peer, mark: mark)
    }

    /// Takes out what has ended by a second.
    mutating func takeEnded(by second: UInt32) -> [Entry] {
        guard !entriesBySecond.isEmpty else { return [] }
        return entriesBySecond.keys.sorted().filter { $0 <= second }.flatMap { entriesBySecond.removeValue(forKey: $0)?.values.map { $0 } ?? [] }
    }
}

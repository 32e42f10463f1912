/// Which leases of a service end when. A pure value.
///
/// Leases of one peer that end in the same second are one: the mark of the last one stands for all (see ``LeaseBalance``).
struct LeaseCalendar {
    /// Leases that have ended.
    struct Entry {
        let peer: PeerState
        var mark: UInt64
        var picks: UInt32
        /// When they began, in milliseconds; of several the mean of their picks.
        var began: Double
    }

    private var entriesBySecond: [UInt32: [ObjectIdentifier: Entry]] = [:]

    /// Notes that picks of a peer up to a mark end after some seconds.
    mutating func add(_ picks: UInt32, of peer: PeerState, mark: UInt64, at now: Moment, lasting seconds: Double) {
        let end = now.second &+ UInt32(max(1, seconds.rounded(.up)))
        let began = Double(now.milliseconds)
        var entry = entriesBySecond[end]?[ObjectIdentifier(peer)] ?? Entry(peer: peer, mark: mark, picks: 0, began: began)
        entry.mark = mark
        entry.picks += picks
        entry.began += (began - entry.began) * Double(picks) / Double(entry.picks)
        entriesBySecond[end, default: [:]][ObjectIdentifier(peer)] = entry
    }

    /// Takes out what has ended by a second.
    mutating func takeEnded(by second: UInt32) -> [Entry] {
        guard !entriesBySecond.isEmpty else { return [] }
        return entriesBySecond.keys.sorted().filter { $0 <= second }.flatMap { entriesBySecond.removeValue(forKey: $0)?.values.map { $0 } ?? [] }
    }
}

/// Which leases of a service end when. A pure value.
///
/// Leases of one peer that end in the same second are one: the mark of the last one stands for all (see ``LeaseBalance``). Long leases end
/// together with others, up to a 64th of their duration late, so that there are never many ends.
struct LeaseCalendar {
    /// Leases that have ended.
    struct Entry {
        let peer: PeerState
        let mark: UInt64
    }

    /// How many ends there are within the duration of a lease.
    private static let endsPerDuration: UInt64 = 64

    private var entriesBySecond: [UInt32: [ObjectIdentifier: Entry]] = [:]

    /// Notes that the leases of a peer up to a mark end after some seconds.
    mutating func add(_ peer: PeerState, mark: UInt64, at now: Moment, lasting seconds: Double) {
        let duration = UInt64((seconds * 1000).rounded(.up))
        let step = max(1000, duration / Self.endsPerDuration / 1000 * 1000)
        let end = (now.milliseconds + duration + step - 1) / step * step
        entriesBySecond[Moment(milliseconds: end).second, default: [:]][ObjectIdentifier(peer)] = Entry(peer: peer, mark: mark)
    }

    /// Takes out what has ended by a second.
    mutating func takeEnded(by second: UInt32) -> [Entry] {
        guard !entriesBySecond.isEmpty else { return [] }
        let ended = entriesBySecond.keys.filter { $0 <= second }.sorted()
        return ended.flatMap { entriesBySecond.removeValue(forKey: $0)?.values.map { $0 } ?? [] }
    }
}

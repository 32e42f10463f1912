/// Which leases of a service end when. A pure value.
///
/// Leases of one peer that end in the same second are one: the mark of the last one stands for all (see ``LeaseBalance``).
struct LeaseCalendar {
    private struct Entry {
        let peer: PeerState
        let mark: UInt64
        let seconds: Float
    }

    private var entriesBySecond: [UInt32: [ObjectIdentifier: Entry]] = [:]

    /// Notes that picks of a peer up to a mark end after some seconds.
    mutating func add(_ peer: PeerState, mark: UInt64, from second: UInt32, lasting seconds: Double) {
        let end = second &+ UInt32(max(1, seconds.rounded(.up)))
        entriesBySecond[end, default: [:]][ObjectIdentifier(peer)] = Entry(peer: peer, mark: mark, seconds: Float(seconds))
    }

    /// Takes out what has ended by a second.
    mutating func takeEnded(by second: UInt32) -> [(peer: PeerState, mark: UInt64, seconds: Float)] {
        guard !entriesBySecond.isEmpty else { return [] }
        var ended: [(peer: PeerState, mark: UInt64, seconds: Float)] = []
        for end in entriesBySecond.keys.sorted() where end <= second {
            ended += entriesBySecond.removeValue(forKey: end)?.values.map { ($0.peer, $0.mark, $0.seconds) } ?? []
        }
        return ended
    }
}

internal import Balancing
internal import Synchronization

/// Smooth weighted round robin as the textbook has it: each pick goes through all peers, which are linked records.
///
/// Every peer's current weight grows by its effective weight; the largest wins and pays the sum of all. Nothing else is
/// done for a peer, and a record holds nothing else. Records are reached through pointers that count no references, as in C.
final class LinkedSmoothLoop: Sendable {
    private struct Record {
        let state: PeerState
        var effectiveWeight: Int
        var currentWeight = 0
        var next: UnsafeMutablePointer<Record>?
    }

    private struct Records: @unchecked Sendable {
        // Safe to send: the records are only reached with the lock held, and never given out.
        let first: UnsafeMutablePointer<Record>?
    }

    private let records: Mutex<Records>

    init(_ members: [PlanMember]) {
        var first: UnsafeMutablePointer<Record>?
        // From the last to the first, so that each knows the one behind it.
        for member in members.reversed() {
            let record = UnsafeMutablePointer<Record>.allocate(capacity: 1)
            record.initialize(to: Record(state: member.state, effectiveWeight: Int(member.weight), next: first))
            first = record
        }
        records = Mutex(Records(first: first))
    }

    deinit {
        var record = records.withLock { $0.first }
        while let current = record {
            record = current.pointee.next
            current.deinitialize(count: 1)
            current.deallocate()
        }
    }

    /// The next peer.
    func pick() -> PeerState? {
        records.withLock { records in
            var best: UnsafeMutablePointer<Record>?
            var bestWeight = Int.min
            var total = 0
            var next = records.first
            while let record = next {
                let effective = record.pointee.effectiveWeight
                let current = record.pointee.currentWeight &+ effective
                record.pointee.currentWeight = current
                total &+= effective
                if current > bestWeight {
                    best = record
                    bestWeight = current
                }
                next = record.pointee.next
            }
            guard let best else { return nil }
            best.pointee.currentWeight &-= total
            return best.pointee.state
        }
    }

    /// Picks `count` peers one by one.
    @inline(never)
    func pickRepeatedly(_ count: Int) {
        for _ in 0..<count {
            guard pick() != nil else { fatalError("no peer can be picked") }
        }
    }
}

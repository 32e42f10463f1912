internal import Balancing
internal import Synchronization

/// Smooth weighted round robin as nginx 1.29 has it (`ngx_http_upstream_get_peer`): each pick goes through all peers, which are
/// linked records, and judges for each whether it may be picked.
///
/// A record has the fields of nginx's, in their order, and none of them is known to the compiler. Records are reached
/// through pointers that count no references, as in C.
final class NginxSmoothLoop: Sendable {
    private struct Record {
        // In the place of nginx's address, name and server.
        let state: PeerState
        var addressLength: UInt32 = 16
        var name: (UInt, UInt) = (0, 0)
        var server: (UInt, UInt) = (0, 0)
        var currentWeight = 0
        var effectiveWeight: Int
        var weight: Int
        var connections: UInt = 0
        var maximumConnections: UInt = 0
        var failures: UInt = 0
        var accessed = 0
        var checked = 0
        var maximumFailures: UInt = 1
        var failureTimeout = 10
        var slowStart: UInt = 0
        var startTime: UInt = 0
        var isDown: UInt = 0
        var session: UInt = 0
        var sessionLength: Int32 = 0
        var next: UnsafeMutablePointer<Record>?
    }

    private struct Records: @unchecked Sendable {
        // Safe to send: the records are only reached with the lock held, and never given out.
        let first: UnsafeMutablePointer<Record>
        /// One bit for each peer that the request has tried already: here always none.
        var tried: [UInt]
    }

    private let count: Int
    private let records: Mutex<Records>

    init(_ members: [PlanMember]) {
        let first = UnsafeMutablePointer<Record>.allocate(capacity: members.count)
        for (index, member) in members.enumerated() {
            let weight = Int(member.weight)
            let next = index + 1 < members.count ? first + index + 1 : nil
            (first + index).initialize(to: Record(state: member.state, effectiveWeight: weight, weight: weight, next: next))
        }
        count = members.count
        records = Mutex(Records(first: first, tried: Array(repeating: 0, count: (members.count + 63) / 64)))
    }

    deinit {
        let first = records.withLock { $0.first }
        first.deinitialize(count: count)
        first.deallocate()
    }

    /// The next peer.
    func pick(at now: Int) -> PeerState? {
        records.withLock { records in
            var best: UnsafeMutablePointer<Record>?
            var total = 0
            var index = 0
            var next: UnsafeMutablePointer<Record>? = records.first
            while let record = next {
                next = record.pointee.next
                let bit: UInt = 1 << (UInt(bitPattern: index) % 64)
                let isTried = records.tried[index / 64] & bit != 0
                index &+= 1
                if isTried { continue }
                if record.pointee.isDown != 0 { continue }
                if record.pointee.maximumFailures > 0, record.pointee.failures >= record.pointee.maximumFailures,
                    now &- record.pointee.checked <= record.pointee.failureTimeout
                {
                    continue
                }
                if record.pointee.maximumConnections > 0, record.pointee.connections >= record.pointee.maximumConnections { continue }
                record.pointee.currentWeight &+= record.pointee.effectiveWeight
                total &+= record.pointee.effectiveWeight
                if record.pointee.effectiveWeight < record.pointee.weight { record.pointee.effectiveWeight &+= 1 }
                if let best, best.pointee.currentWeight >= record.pointee.currentWeight { continue }
                best = record
            }
            guard let best else { return nil }
            best.pointee.currentWeight &-= total
            best.pointee.connections &+= 1
            if now &- best.pointee.checked > best.pointee.failureTimeout { best.pointee.checked = now }
            return best.pointee.state
        }
    }

    /// Picks `count` peers one by one.
    @inline(never)
    func pickRepeatedly(_ count: Int) {
        let now = Int(Timing.second())
        for _ in 0..<count {
            guard pick(at: now) != nil else { fatalError("no peer can be picked") }
        }
    }
}

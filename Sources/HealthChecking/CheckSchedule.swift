package import Balancing
import HeapModule

/// When which target is probed, and for whom.
///
/// A pure value: the caller gives the time and does the probing. Each target has a rhythm of its own, a random phase plus whole intervals, which never
/// drifts; each start differs from it by at most half of the jitter. A probe that comes late is late, and no failure: rounds that are over are
/// left out, so that lateness never makes a burst. What services share is probed once. Targets that timed out last time, which hold a place for their whole
/// timeout, together hold at most half of all places: a rack that falls silent does not delay the checks of the others.
package struct CheckSchedule: Sendable {
    package typealias Instant = ContinuousClock.Instant

    /// A probe to make now.
    package struct Start: Sendable, Equatable {
        /// Names it in `finish`.
        package let id: Int
        /// What to probe.
        package let target: ProbeTarget
        /// How long it may take.
        package let timeout: Duration
    }

    struct Service {
        var interval: Duration
        var timeout: Duration
        var slots: Set<Int>
    }

    /// When a slot is due. It is valid while the slot has the same version: else the slot was put off, brought forward or given away.
    struct Due: Comparable {
        let instant: Instant
        let version: UInt64
        let slot: Int

        static func < (left: Due, right: Due) -> Bool { (left.instant, left.version) < (right.instant, right.version) }
    }

    /// Numbers for operators. The schedule counts what it knows: the failures are the caller's to add.
    package internal(set) var statistics = CheckStatistics()

    /// How many probes run at a time; of less than one, one.
    var concurrency: Int {
        didSet { concurrency = max(1, concurrency) }
    }
    var services: [String: Service] = [:]
    var slots: [Slot?] = []
    var freeSlots: [Int] = []
    var slotOfKey: [Slot.Key: Int] = [:]
    private var queue = Heap<Due>()
    /// Those that timed out last time.
    private var silentQueue = Heap<Due>()
    private var silentInFlight = 0
    var lastVersion: UInt64 = 0

    /// Makes a schedule without targets that has at most so many probes running.
    package init(concurrency: Int) {
        self.concurrency = max(1, concurrency)
    }

    /// When `start` may next give a probe; `nil`: not before `finish` or `setTargets`.
    package var nextInstant: Instant? {
        statistics.inFlight < concurrency ? first?.instant : nil
    }

    /// What is due first of what has a place.
    private var first: Due? {
        let silent = silentInFlight < max(1, concurrency / 2) ? silentQueue.min : nil
        guard let first = queue.min, silent.map({ first < $0 }) ?? true else { return silent }
        return first
    }

    /// Takes the probes that are due, as far as the concurrency allows, those that are due for longest first.
    package mutating func start(at now: Instant, using generator: inout some RandomNumberGenerator) -> [Start] {
        var starts: [Start] = []
        while statistics.inFlight < concurrency, let due = first, due.instant <= now {
            if due == queue.min {
                queue.removeMin()
            } else {
                silentQueue.removeMin()
            }
            guard var slot = slots[due.slot], slot.version == due.version else { continue }
            note(lateness: slot.due.duration(to: now), interval: slot.key.interval)
            statistics.skippedRounds += slot.begin(at: now, using: &generator)
            slots[due.slot] = slot
            statistics.inFlight += 1
            silentInFlight += slot.isSilent ? 1 : 0
            statistics.probes += 1
            starts.append(Start(id: due.slot, target: slot.key.target, timeout: slot.key.timeout))
        }
        return starts
    }

    /// Ends a probe and gives its result to every service that wants it.
    ///
    /// - Parameter result: `nil` when the probe says nothing about the peer.
    package mutating func finish(
        _ id: Int,
        _ result: CheckResult?,
        at now: Instant,
        using generator: inout some RandomNumberGenerator
    ) -> [CheckedResult] {
        guard var slot = slots[id], slot.isInFlight else { return [] }
        statistics.inFlight -= 1
        silentInFlight -= slot.isSilent ? 1 : 0
        guard !slot.subscribers.isEmpty else {
            free(id)
            return []
        }
        let isWanted = !slot.dropsResult
        if let result {
            slot.isSilent = result == .failure(CheckFailure.silence)
        }
        statistics.skippedRounds += slot.end(at: now, using: &generator)
        slots[id] = slot
        enqueue(id)
        guard isWanted, let result else { return [] }
        return slot.subscribers.map { CheckedResult(service: $0, peer: slot.key.target.peer, result: result) }
    }

    /// Entries of both queues, the invalid ones too.
    var queueCount: Int { queue.count + silentQueue.count }

    /// Keeps the queues from growing when targets come and go much faster than they are due.
    mutating func dropInvalidEntries() {
        guard queueCount > 2 * slotOfKey.count + 1024 else { return }
        queue = Heap(queue.unordered.filter { slots[$0.slot]?.version == $0.version })
        silentQueue = Heap(silentQueue.unordered.filter { slots[$0.slot]?.version == $0.version })
    }

    /// Puts a slot that is not in flight into the queue, in place of where it was.
    mutating func enqueue(_ index: Int) {
        lastVersion += 1
        slots[index]?.version = lastVersion
        guard let due = slots[index]?.due else { return }
        let entry = Due(instant: due, version: lastVersion, slot: index)
        if slots[index]?.isSilent == true {
            silentQueue.insert(entry)
        } else {
            queue.insert(entry)
        }
    }

    mutating func free(_ index: Int) {
        guard let slot = slots[index] else { return }
        slotOfKey[slot.key] = nil
        slots[index] = nil
        freeSlots.append(index)
        statistics.targets = slotOfKey.count
    }

    private mutating func note(lateness: Duration, interval: Duration) {
        statistics.worstLateness = max(statistics.worstLateness, lateness)
        if lateness > max(interval / 10, .milliseconds(50)) {
            statistics.late += 1
        }
    }
}

/// Deadlines in order of time: a binary heap.
struct DeadlineQueue {
    private var heap: [(deadline: ContinuousClock.Instant, id: Job.ID)] = []

    /// The earliest deadline.
    var first: ContinuousClock.Instant? {
        heap.first?.deadline
    }

    mutating func insert(_ deadline: ContinuousClock.Instant, for id: Job.ID) {
        heap.append((deadline, id))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].deadline < heap[parent].deadline else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Removes and gives the earliest entry if its time has come.
    mutating func popDue(at now: ContinuousClock.Instant) -> Job.ID? {
        guard let first = heap.first, first.deadline <= now else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sinkRoot()
        }
        return first.id
    }

    private mutating func sinkRoot() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].deadline < heap[least].deadline {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}

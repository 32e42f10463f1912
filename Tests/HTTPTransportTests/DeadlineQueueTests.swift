import Testing

@testable import HTTPTransport

struct DeadlineQueueTests {
    @Test func `deadlines come in order of time, whatever the order of insertion`() {
        let start = ContinuousClock.now
        var queue = DeadlineQueue()
        for id in (0..<500 as Range<Job.ID>).shuffled() {
            queue.insert(start + .milliseconds(id / 2), for: id)
        }
        var order: [Job.ID] = []
        while let id = queue.popDue(at: start + .seconds(10)) { order.append(id) }
        #expect(order.map { $0 / 2 } == (0..<500).map { $0 / 2 })
        #expect(Set(order).count == 500)
        #expect(queue.first == nil)
    }

    @Test func `only what is due is given`() {
        let start = ContinuousClock.now
        var queue = DeadlineQueue()
        queue.insert(start + .seconds(2), for: 2)
        queue.insert(start + .seconds(1), for: 1)
        #expect(queue.popDue(at: start) == nil)
        #expect(queue.first == start + .seconds(1))
        #expect(queue.popDue(at: start + .seconds(1)) == 1)
        #expect(queue.popDue(at: start + .seconds(1)) == nil)
        #expect(queue.first == start + .seconds(2))
    }
}

import Balancing
import TestSupport
import Testing

struct SecondRingTests {
    @Test func `sums match a plain record of every count`() {
        var generator = SeededGenerator(seed: 5)
        var ring = SecondRing()
        var record: [UInt32: UInt64] = [:]
        var second: UInt32 = 3
        for _ in 0..<5000 {
            if Int.random(in: 0..<4, using: &generator) == 0 {
                second += UInt32.random(in: 0...(Bool.random(using: &generator) ? 3 : 90), using: &generator)
            }
            let count = UInt32.random(in: 0...9, using: &generator)
            ring.add(count, at: second)
            record[second, default: 0] += UInt64(count)
            let window = Int.random(in: 1...60, using: &generator)
            let before = second + UInt32.random(in: 0...5, using: &generator)
            let expected = (1...UInt32(window)).reduce(UInt64(0)) { $0 + ($1 <= before ? record[before - $1] ?? 0 : 0) }
            #expect(ring.sum(window: window, before: before) == expected)
        }
    }

    @Test func `a count for a past second that is still held is added to it`() {
        var ring = SecondRing()
        ring.add(1, at: 100)
        ring.add(2, at: 99)
        ring.add(7, at: 30)
        #expect(ring.sum(window: 2, before: 101) == 3)
        #expect(ring.sum(window: 60, before: 101) == 3)
    }

    @Test func `a ring is idle before its first count and a minute after its last`() {
        var ring = SecondRing()
        #expect(ring.isIdle(at: 0))
        ring.add(1, at: 5)
        #expect(!ring.isIdle(at: 65))
        #expect(ring.isIdle(at: 66))
    }
}

import Discovery
import TestSupport
import Testing

struct BackoffTests {
    @Test func `waits are uniform below a ceiling that doubles to its maximum`() {
        var generator = SeededGenerator(seed: 3)
        for (attempt, ceiling) in [0.8, 1.6, 3.2, 5, 5].enumerated() {
            var waits: [Double] = []
            for _ in 0..<2000 {
                var backoff = Backoff()
                for _ in 0..<attempt { _ = backoff.next(using: &generator) }
                waits.append(backoff.next(using: &generator) / .seconds(1))
            }
            #expect(waits.allSatisfy { 0...ceiling ~= $0 })
            #expect(abs(waits.reduce(0, +) / 2000 - ceiling / 2) < ceiling * 0.03)
        }
    }

    @Test func `a success starts again from the shortest wait`() {
        var generator = SeededGenerator(seed: 4)
        var backoff = Backoff(initial: .seconds(1), maximum: .seconds(64))
        for _ in 0..<10 { _ = backoff.next(using: &generator) }
        backoff.reset()
        for _ in 0..<100 {
            var copy = backoff
            #expect(copy.next(using: &generator) <= .seconds(1))
        }
    }
}

import Balancing
import TestSupport
import Testing

struct SmoothCycleTests {
    static let weights: [[Double]] = [
        [5, 1, 1], [0.5, 2.5], [501, 499], [99, 101], [65535, 1, 1], (1...1000).map { Double(($0 - 1) % 100 + 1) }, [1], [0.001], [100, 100],
        [1000] + Array(repeating: 1, count: 99), [1.0 / 3, 2.0 / 3, 1], [0.1, 0.2, 0.7], [65535, 0.000001],
    ]

    @Test(arguments: weights)
    func `every turn gives each peer exactly its slots`(weights: [Double]) {
        let cycle = SmoothCycle(weights: weights)
        var counts = [Int32](repeating: 0, count: weights.count)
        for slot in 0..<cycle.count { counts[cycle[slot]] += 1 }
        #expect(counts == cycle.counts)
        #expect(counts.allSatisfy { $0 >= 1 })
        #expect(cycle.count <= SmoothCycle.slotLimit(peers: weights.count))
    }

    @Test(
        arguments: [
            ([5, 1, 1], [5, 1, 1]), ([0.5, 2.5], [1, 5]), ([501, 499], [501, 499]), ([99, 101], [99, 101]), ([100, 100], [1, 1]),
            ([0.1, 0.2, 0.7], [1, 2, 7]),
            ([65535], [1]), ([0.25, 0.5], [1, 2]),
        ] as [([Double], [Int32])]
    )
    func `weights in a simple ratio are exact`(weights: [Double], counts: [Int32]) {
        let cycle = SmoothCycle(weights: weights)
        #expect(cycle.counts == counts)
        #expect(cycle.largestError == 0)
    }

    @Test func `weights that need too many slots are rounded, and the error is known`() {
        let cycle = SmoothCycle(weights: [65535, 1, 1])
        #expect(cycle.counts == [4094, 1, 1])
        #expect(abs(cycle.largestError - (1 - (1.0 / 65537) / (1.0 / 4096))) < 1e-9)
    }

    @Test func `rounding keeps every share within a slot`() {
        let weights = (1...1000).map { Double(($0 - 1) % 100 + 1) }
        let cycle = SmoothCycle(weights: weights)
        #expect(cycle.count == 32000)
        let sum = weights.reduce(0, +)
        for (weight, count) in zip(weights, cycle.counts) { #expect(abs(weight / sum * 32000 - Double(count)) <= 1) }
    }

    @Test(arguments: weights)
    func `at any prefix no peer is a whole pick off its share`(weights: [Double]) {
        #expect(largestPrefixError(SmoothCycle(weights: weights)) < 1.01)
    }

    @Test func `at any prefix no peer is a whole pick off its share, whatever the weights`() {
        var generator = SeededGenerator(seed: 1)
        var worst = 0.0
        for _ in 0..<300 {
            let largest: Double = [3, 20, 100, 1000].randomElement(using: &generator) ?? 3
            let skew = Double.random(in: 1...8, using: &generator)
            var weights: [Double] = []
            for _ in 0..<Int.random(in: 1...40, using: &generator) {
                weights.append(1 + (largest * Self.power(Double.random(in: 0...1, using: &generator), skew)).rounded(.down))
            }
            worst = max(worst, largestPrefixError(SmoothCycle(weights: weights)))
        }
        #expect(worst < 1.01)
    }

    @Test func `more peers than two bytes can name have a cycle too`() {
        let cycle = SmoothCycle(weights: Array(repeating: 1, count: 70_000))
        #expect(cycle.count == 70_000)
        #expect(Set((0..<cycle.count).map { cycle[$0] }).count == 70_000)
    }

    @Test(arguments: [1e-300, Double.leastNonzeroMagnitude, 1e-9])
    func `a weight next to nothing has a slot and a finite error`(tiny: Double) {
        let cycle = SmoothCycle(weights: Array(repeating: 65535, count: 10) + [tiny])
        #expect(cycle.counts.last == 1)
        #expect(0.99...1 ~= cycle.largestError)
    }

    @Test func `no peers have no slots`() {
        #expect(SmoothCycle(weights: []).count == 0)
    }

    private static func power(_ base: Double, _ exponent: Double) -> Double {
        (0..<Int(exponent)).reduce(1.0) { product, _ in product * base }
    }

    private func largestPrefixError(_ cycle: SmoothCycle) -> Double {
        // A peer is farthest off right before and right after one of its own slots.
        var taken = [Int](repeating: 0, count: cycle.counts.count)
        var worst = 0.0
        for slot in 0..<cycle.count {
            let peer = cycle[slot]
            let share = Double(cycle.counts[peer]) / Double(cycle.count)
            worst = max(worst, abs(Double(taken[peer]) - Double(slot) * share))
            taken[peer] += 1
            worst = max(worst, abs(Double(taken[peer]) - Double(slot + 1) * share))
        }
        return worst
    }
}

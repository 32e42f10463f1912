import Balancing
import TestSupport
import Testing

struct AliasTableTests {
    @Test(arguments: [[1], [1, 1], [1, 2, 3], [100, 1, 1, 1], [0.001, 5, 0.3], Array(1...500).map(Double.init)] as [[Double]])
    func `choices follow the weights`(weights: [Double]) {
        var generator = SeededGenerator(seed: 4)
        let table = AliasTable(weights: weights)
        var counts = [Int](repeating: 0, count: weights.count)
        for _ in 0..<200_000 { counts[table.choose(using: &generator)] += 1 }
        #expect(ChiSquared.isPlausible(counts, shares: weights))
    }

    @Test func `no weights make an empty table`() {
        #expect(AliasTable(weights: []).count == 0)
    }
}

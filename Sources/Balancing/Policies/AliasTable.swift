/// Random choices by weight in constant time: one random number, one comparison.
///
/// Walker's alias method, with tables built in linear time as Vose does ("A linear algorithm for generating random numbers with a given
/// distribution", 1991). A choice is exact to 2^-32.
package struct AliasTable: Sendable {
    /// Below this a column goes to its own index, in units of 2^-32; at or above it to its alias.
    private var limits: [UInt32] = []
    private var aliases: [UInt32] = []

    /// Makes a table for positive, finite weights; without any, an empty one.
    package init(weights: [Double]) {
        let sum = weights.reduce(0, +)
        guard sum > 0 else { return }
        var scaled = weights.map { $0 / sum * Double(weights.count) }
        limits = Array(repeating: .max, count: weights.count)
        aliases = weights.indices.map { UInt32($0) }
        var small = scaled.indices.filter { scaled[$0] < 1 }
        var large = scaled.indices.filter { scaled[$0] >= 1 }
        while let low = small.popLast(), let high = large.last {
            limits[low] = UInt32(min(scaled[low] * 0x1p32, Double(UInt32.max)))
            aliases[low] = UInt32(high)
            scaled[high] -= 1 - scaled[low]
            if scaled[high] < 1 { small.append(large.removeLast()) }
        }
    }

    /// How many weights there are.
    package var count: Int { limits.count }

    /// Chooses an index by weight. The table must not be empty.
    @inline(__always)
    package func choose(using generator: inout some RandomNumberGenerator) -> Int {
        let random = generator.next()
        let (column, _) = UInt64(limits.count).multipliedFullWidth(by: random & 0xFFFF_FFFF_0000_0000)
        return UInt32(truncatingIfNeeded: random) < limits[Int(column)] ? Int(column) : Int(aliases[Int(column)])
    }
}

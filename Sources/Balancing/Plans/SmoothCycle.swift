/// One full turn of smooth weighted round robin, laid out in advance: which peer each slot goes to.
///
/// A pick reads one slot and moves on, so it costs the same with two peers and with ten thousand, and every turn gives
/// each peer exactly its number of slots. Of the four sequences compared for this product (the textbook smooth loop, the
/// static stride of gRPC's A58, a golden-ratio walk, random), a laid-out cycle is the only O(1) form as smooth as the
/// loop: the stride degrades to hundreds of tries a pick at 1000:1, and the walk is 4 to 12 picks off at 99:101 and 501:499.
///
/// The slots follow the proportionate fairness of Baruah, Cohen, Plaxton and Varvel ("Proportionate progress", 1996;
/// Tijdeman's chairman assignment, 1980): the j-th slot of a peer that has c of the N slots has its place from
/// floor(j N / c) on, and before ceil((j + 1) N / c). Slots are placed in the order of their ends, each at the first free
/// place not before its beginning, which takes time in proportion to N. At any prefix a peer is less than one slot off
/// its share, so less than two in a run that begins anywhere.
package struct SmoothCycle: Sendable {
    /// How many slots each peer has: its weight as it is picked.
    package let counts: [Int32]
    /// The largest difference between a peer's share by weight and by slots, in relation to the larger of the two: 0 when the
    /// cycle is exact, below 1 always.
    package let largestError: Double

    // Two bytes a slot for nearly all; four for a service with more than 65,536 peers.
    private let narrow: [UInt16]
    private let wide: [UInt32]

    /// The number of slots; 0 without peers.
    package var count: Int { narrow.count + wide.count }

    /// The peer of a slot, as an index into the weights.
    package subscript(slot: Int) -> Int {
        wide.isEmpty ? Int(narrow[slot]) : Int(wide[slot])
    }

    /// The most slots a cycle has: room for exact shares in nearly every service, at two bytes a slot.
    package static func slotLimit(peers: Int) -> Int { max(4096, 32 * peers) }

    /// Lays out a cycle for positive, finite weights.
    ///
    /// The cycle has the sum of the weights divided by their greatest common divisor as its length when that is at most
    /// ``slotLimit(peers:)``; else the weights are rounded to that many slots, each at least one.
    package init(weights: [Double]) {
        let limit = Self.slotLimit(peers: weights.count)
        let counts = Self.exactCounts(weights, limit: limit) ?? Self.roundedCounts(weights, slots: limit)
        let slots = Self.place(counts)
        self.counts = counts
        self.largestError = ShareError.largest(weights: weights, parts: counts.map { Double($0) })
        let isNarrow = weights.count <= Int(UInt16.max) + 1
        self.narrow = isNarrow ? slots.map { UInt16(truncatingIfNeeded: $0) } : []
        self.wide = isNarrow ? [] : slots
    }

    /// The weights as the smallest whole numbers in the same ratio, or `nil` when those need more than `limit` slots.
    ///
    /// Fractions are decimal texts (0.5, 0.1), so a power of ten makes whole numbers of them.
    private static func exactCounts(_ weights: [Double], limit: Int) -> [Int32]? {
        var scale = 1.0
        while scale <= 1_000_000 {
            if weights.allSatisfy({ abs(($0 * scale).rounded() - $0 * scale) <= 1e-9 * max(1, $0 * scale) && ($0 * scale).rounded() >= 1 }) {
                let integers = weights.map { UInt64(($0 * scale).rounded()) }
                let divisor = integers.reduce(0, greatestCommonDivisor)
                let sum = integers.reduce(0) { $0 + $1 / max(1, divisor) }
                return sum <= UInt64(limit) ? integers.map { Int32($0 / divisor) } : nil
            }
            scale *= 10
        }
        return nil
    }

    private static func greatestCommonDivisor(_ a: UInt64, _ b: UInt64) -> UInt64 {
        var (a, b) = (a, b)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }

    /// The weights in `slots` slots by the largest remainder (Hamilton's method), each at least one.
    private static func roundedCounts(_ weights: [Double], slots: Int) -> [Int32] {
        var isMinimal = [Bool](repeating: false, count: weights.count)
        var freeSlots = slots
        var freeWeight = weights.reduce(0, +)
        // A peer too light for one slot takes one all the same; the rest share what is left, which may make another too light.
        while true {
            let perSlot = freeWeight / Double(freeSlots)
            let tooLight = weights.indices.filter { !isMinimal[$0] && weights[$0] < perSlot }
            guard !tooLight.isEmpty else { break }
            for index in tooLight {
                isMinimal[index] = true
                freeWeight -= weights[index]
            }
            freeSlots -= tooLight.count
        }
        var counts = [Int32](repeating: 1, count: weights.count)
        var remainders: [(remainder: Double, index: Int)] = []
        var left = freeSlots
        for index in weights.indices where !isMinimal[index] {
            let ideal = weights[index] * Double(freeSlots) / freeWeight
            let whole = max(1, ideal.rounded(.down))
            counts[index] = Int32(whole)
            left -= Int(whole)
            remainders.append((ideal - whole, index))
        }
        remainders.sort { ($0.remainder, $1.index) > ($1.remainder, $0.index) }
        for entry in remainders.prefix(max(0, left)) { counts[entry.index] += 1 }
        return counts
    }

    /// Places each peer's slots; returns the peer of each.
    private static func place(_ counts: [Int32]) -> [UInt32] {
        let total = counts.reduce(0) { $0 + Int($1) }
        guard total > counts.count else { return counts.indices.map { UInt32($0) } }

        // Counting sort by end: `next[end]` becomes the place of the next slot with that end in `byEnd`.
        var next = [Int32](repeating: 0, count: total + 2)
        forEachWindow(counts, total) { _, _, end in next[end + 1] += 1 }
        for end in 1..<next.count { next[end] += next[end - 1] }
        var byEnd = [(peer: UInt32, begin: Int32)](repeating: (0, 0), count: total)
        forEachWindow(counts, total) { peer, begin, end in
            byEnd[Int(next[end])] = (UInt32(peer), Int32(begin))
            next[end] += 1
        }

        // `free[place]` leads to the first free place from there on (disjoint sets with path halving).
        var free = (0...total).map { Int32($0) }
        var slots = [UInt32](repeating: 0, count: total)
        for slot in byEnd {
            var place = firstFree(&free, from: Int(slot.begin))
            if place == total { place = firstFree(&free, from: 0) }
            slots[place] = slot.peer
            free[place] = Int32(place + 1)
        }
        return slots
    }

    private static func firstFree(_ free: inout [Int32], from place: Int) -> Int {
        var place = place
        while free[place] != place {
            free[place] = free[Int(free[place])]
            place = Int(free[place])
        }
        return place
    }

    /// Calls `body` with the peer, begin and end of each slot's window, without a division a slot.
    private static func forEachWindow(_ counts: [Int32], _ total: Int, _ body: (_ peer: Int, _ begin: Int, _ end: Int) -> Void) {
        for (peer, count) in counts.enumerated() {
            let count = Int(count)
            let (step, rest) = total.quotientAndRemainder(dividingBy: count)
            var begin = 0
            var remainder = 0
            for _ in 0..<count {
                var following = begin + step
                remainder += rest
                if remainder >= count {
                    remainder -= count
                    following += 1
                }
                body(peer, begin, remainder == 0 ? following : following + 1)
                begin = following
            }
        }
    }
}

import TestSupport
import Testing

@testable import Balancing

/// Which peer a key goes to.
struct HashRingTests {
    private func address(_ number: Int) throws -> PeerAddress { try PeerAddress("10.0.\(number / 256).\(number % 256):8080") }

    private func ring(_ numbers: some Sequence<Int>, weight: (Int) -> Double = { _ in 1 }) throws -> (ring: HashRing, numbers: [Int]) {
        let numbers = Array(numbers)
        let weights = numbers.map(weight)
        return (HashRing(try numbers.map(address), weights: weights, scale: HashRing.Scale(weights)), numbers)
    }

    private func owners(_ keys: Int, of ring: (ring: HashRing, numbers: [Int])) -> [Int] {
        (0..<keys).map { key in ring.numbers[ring.ring.peer(at: ring.ring.point(of: StableHash.hash("key-\(key)".utf8)))] }
    }

    // Other implementations, and later versions, must come to the same.
    @Test func `the hash is FNV-1a and the finalizer of MurmurHash3`() {
        #expect(StableHash.fnv1a("".utf8) == 0xCBF2_9CE4_8422_2325)
        #expect(StableHash.fnv1a("a".utf8) == 0xAF63_DC4C_8601_EC8C)
        #expect(StableHash.fnv1a("foobar".utf8) == 0x8594_4171_F739_67E8)
        #expect(StableHash.hash("".utf8) == 0xEFD0_1F60_BA99_2926)
        #expect(StableHash.hash("foobar".utf8) == 0x2C22_1949_22D1_672B)
    }

    @Test func `keys go to the same peers in every version`() throws {
        let owners = owners(12, of: try ring(0..<10))
        #expect(owners == [7, 0, 0, 6, 9, 7, 8, 1, 8, 0, 1, 7])
    }

    @Test func `the order in which peers are named does not matter`() throws {
        let one = owners(2000, of: try ring(0..<20))
        #expect(owners(2000, of: try ring((0..<20).reversed())) == one)
        var generator = SeededGenerator(seed: 1)
        #expect(owners(2000, of: try ring((0..<20).shuffled(using: &generator))) == one)
    }

    @Test(arguments: [1, 2, 3, 10, 100])
    func `every peer has about its share of the keys`(peers: Int) throws {
        let keys = 100_000
        var counts = [Int](repeating: 0, count: peers)
        for owner in owners(keys, of: try ring(0..<peers)) { counts[owner] += 1 }
        for count in counts { #expect(abs(Double(count * peers) / Double(keys) - 1) < 0.3) }
    }

    @Test func `weights are respected`() throws {
        let weights = [1.0, 2, 3, 4, 10]
        var counts = [Int](repeating: 0, count: weights.count)
        for owner in owners(100_000, of: try ring(0..<5) { weights[$0] }) { counts[owner] += 1 }
        for (count, weight) in zip(counts, weights) { #expect(abs(Double(count) / 100_000 / (weight / 20) - 1) < 0.3) }
    }

    @Test func `when a peer goes only its keys move, when it comes back they do too`() throws {
        let all = owners(20_000, of: try ring(0..<20))
        let without = owners(20_000, of: try ring((0..<20).filter { $0 != 7 }))
        for (before, after) in zip(all, without) where before != 7 { #expect(before == after) }
        #expect(!without.contains(7))
        // What moves spreads over all others.
        let receivers = Set(zip(all, without).filter { $0.0 == 7 }.map(\.1))
        #expect(receivers.count > 15)
    }

    @Test func `when a peer ramps or gets another weight keys move to it, or from it, only`() throws {
        var before = owners(20_000, of: try ring(0..<10) { $0 == 3 ? 0.1 : 1 })
        for weight in [0.2, 0.35, 0.7, 1] {
            let after = owners(20_000, of: try ring(0..<10) { $0 == 3 ? weight : 1 })
            let moved = zip(before, after).filter { $0.0 != $0.1 }
            #expect(!moved.isEmpty && moved.allSatisfy { $0.1 == 3 })
            before = after
        }
        let lighter = owners(20_000, of: try ring(0..<10) { $0 == 3 ? 0.5 : 1 })
        #expect(zip(before, lighter).filter { $0.0 != $0.1 }.allSatisfy { $0.0 == 3 })
    }

    @Test func `when a peer comes keys move to it only, whatever the weights`() throws {
        let weights: (Int) -> Double = { Double($0 % 7 + 1) }
        let before = owners(20_000, of: try ring(0..<20, weight: weights))
        let after = owners(20_000, of: try ring(0..<21, weight: weights))
        let moved = zip(before, after).filter { $0.0 != $0.1 }
        #expect(!moved.isEmpty && moved.allSatisfy { $0.1 == 20 })
    }

    @Test func `a key is found wherever its hash lies`() throws {
        let ring = try ring(0..<3).ring
        for hash in [0, 1, UInt64.max, UInt64.max / 2] { #expect((0..<ring.count).contains(ring.point(of: hash))) }
        #expect(ring.peer(at: ring.count) == ring.peer(at: 0))
    }

    @Test func `the points are where their formula says, and a key belongs to the first one at or behind its hash`() throws {
        let weights = [4.0, 1, 0.001]
        let (ring, numbers) = try ring(0..<3) { weights[$0] }
        var points: [(place: UInt64, peer: Int)] = []
        for (number, count) in zip(numbers, [256, 64, 1]) {
            let base = StableHash.fnv1a("\(try address(number))".utf8)
            points += (0..<count).map { (StableHash.mix(base &+ UInt64($0) &* 0x9E37_79B9_7F4A_7C15), number) }
        }
        points.sort { $0 < $1 }
        #expect(ring.count == points.count)
        for (position, point) in points.enumerated() {
            let next = (position + 1) % points.count
            #expect(ring.point(of: point.place - 1) == position && ring.point(of: point.place) == position)
            #expect(ring.point(of: point.place + 1) == next && ring.peer(at: position) == point.peer)
        }
    }

    @Test func `large services have fewer points for each peer`() throws {
        #expect(try ring(0..<1024).ring.count == 1024 * 256)
        #expect(try ring(0..<1025).ring.count == 1025 * 64)
    }
}

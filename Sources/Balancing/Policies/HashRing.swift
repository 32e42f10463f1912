/// Peers on a circle of hashes: a key goes to the peer of the first point behind its hash.
///
/// "Consistent hashing and random trees" (Karger et al., 1997). Every replica and version has the same ring:
///
/// - point j of the peer `host:port` is at `fmix64(FNV-1a("host:port") + j x 0x9E3779B97F4A7C15)`, j from 0,
/// - a key is at ``StableHash/hash(_:)`` of its bytes,
/// - a peer of weight w has `n x w / 2^k` points, rounded, at least one; n is ``pointLimit(peers:)``, and 2^k the smallest power of two that
///   is no less than the largest weight.
///
/// So the points of a peer depend on itself alone, and when peers come, go, ramp or get other weights only keys move that go to them or
/// come from them; all the same more move when the largest weight passes a power of two, or the service grows beyond 1,024 peers.
/// Two points at the same place, which happens once in a long while, belong to the peer that comes first.
package struct HashRing: Sendable {
    /// How far apart the points of a peer are before they are mixed: 2^64 divided by the golden ratio.
    private static let stride: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// The places of the points, ascending.
    private let places: [UInt64]
    /// The peers of the points, as indices into the addresses.
    private let peers: [UInt32]

    /// Makes the ring of peers with positive weights.
    package init(_ addresses: [PeerAddress], weights: [Double]) {
        let unit = Double(Self.pointLimit(peers: addresses.count)) / Self.powerOfTwo(noLessThan: weights.max() ?? 1)
        var all: [(place: UInt64, peer: UInt32)] = []
        for (index, address) in addresses.enumerated() {
            let base = StableHash.fnv1a("\(address)".utf8)
            for point in 0..<max(1, Int((unit * weights[index]).rounded())) {
                all.append((StableHash.mix(base &+ UInt64(point) &* Self.stride), UInt32(index)))
            }
        }
        all.sort { $0 < $1 }
        places = all.map(\.place)
        peers = all.map(\.peer)
    }

    /// The most points that a peer has; the heaviest ones have more than half of that. A share of the keys is off by about one in the root of
    /// the number of points.
    package static func pointLimit(peers: Int) -> Int { peers <= 1024 ? 256 : 64 }

    private static func powerOfTwo(noLessThan weight: Double) -> Double {
        weight.significand == 1 ? weight : weight.binade * 2
    }

    /// How many points there are.
    package var count: Int { places.count }

    /// The peer of a point; points follow each other around the circle.
    package func peer(at point: Int) -> Int { Int(peers[point < places.count ? point : point % places.count]) }

    /// The first point at or behind a hash. The ring must not be empty.
    ///
    /// Hashes are spread evenly, so that it is close to where it would be if they were spread exactly: found in constant time.
    package func point(of hash: UInt64) -> Int {
        var point = Int(UInt64(places.count).multipliedFullWidth(by: hash).high)
        while point > 0, places[point - 1] >= hash { point -= 1 }
        while point < places.count, places[point] < hash { point += 1 }
        return point == places.count ? 0 : point
    }
}

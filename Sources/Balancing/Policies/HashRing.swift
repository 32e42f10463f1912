/// Peers on a circle of hashes: a key goes to the peer of the first point behind its hash.
///
/// When peers come and go only the keys of their own points move ("Consistent hashing and random trees", Karger et al., 1997). The points of
/// a peer depend on its address alone and their number on its weight, so that every replica and version has the same ring:
///
/// - point j of the peer `host:port` is at `fmix64(FNV-1a("host:port") + j x 0x9E3779B97F4A7C15)`,
/// - a key is at ``StableHash/hash(_:)`` of its bytes,
/// - a peer of average weight has ``pointsPerPeer(_:)`` points, others in proportion, at least one.
///
/// Two points at the same place, which happens once in a long while, belong to the peer that is first by address.
package struct HashRing: Sendable {
    /// How far apart the points of a peer are before they are mixed: 2^64 divided by the golden ratio.
    private static let stride: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// The places of the points, ascending.
    private let places: [UInt64]
    /// The peers of the points, as indices into the addresses.
    private let peers: [UInt32]

    /// Makes the ring of peers with positive weights.
    package init(_ addresses: [PeerAddress], weights: [Double]) {
        let sum = weights.reduce(0, +)
        let points = Double(Self.pointsPerPeer(addresses.count) * addresses.count)
        var all: [(place: UInt64, peer: UInt32)] = []
        all.reserveCapacity(Int(points) + addresses.count)
        for (index, address) in addresses.enumerated() {
            let base = StableHash.fnv1a("\(address)".utf8)
            for point in 0..<max(1, Int((points * weights[index] / sum).rounded())) {
                all.append((StableHash.mix(base &+ UInt64(point) &* Self.stride), UInt32(index)))
            }
        }
        all.sort { $0 < $1 }
        places = all.map(\.place)
        peers = all.map(\.peer)
    }

    /// How many points a peer of average weight has: its share of the keys is off by about one in the root of that.
    package static func pointsPerPeer(_ peers: Int) -> Int { max(40, min(256, 200_000 / max(1, peers))) }

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

/// Peers on a circle of hashes: a key goes to the peer of the first point behind its hash.
///
/// "Consistent hashing and random trees" (Karger et al., 1997). Every replica and version has the same ring:
///
/// - point j of the peer `host:port` is at `fmix64(FNV-1a("host:port") + j x 0x9E3779B97F4A7C15)`, j from 0,
/// - a key is at ``StableHash/hash(_:)`` of its bytes,
/// - how many points a peer has is its weight in a ``Scale``, which goes by what is configured of the whole service.
///
/// So the points of a peer depend on itself and the scale alone, and when peers come, go, ramp or get other weights only keys move that go
/// to them or come from them. Two points at the same place, which happens once in a long while, belong to the peer that comes first.
package final class HashRing: Sendable {
    /// How far apart the points of a peer are before they are mixed: 2^64 divided by the golden ratio.
    private static let stride: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// The places of the points, ascending.
    private let places: [UInt64]
    /// The peers of the points, as indices into the addresses.
    private let peers: [UInt32]

    /// Makes the ring of peers with positive weights.
    package init(_ addresses: [PeerAddress], weights: [Double], scale: Scale) {
        var all: [(place: UInt64, peer: UInt32)] = []
        for (index, address) in addresses.enumerated() {
            let base = StableHash.fnv1a("\(address)".utf8)
            for point in 0..<scale.points(weights[index]) {
                all.append((StableHash.mix(base &+ UInt64(point) &* Self.stride), UInt32(index)))
            }
        }
        all.sort { $0 < $1 }
        places = all.map(\.place)
        peers = all.map(\.peer)
    }

    /// The share of all keys that each peer has.
    func shares(peers count: Int) -> [Double] {
        guard places.count > 1 else { return Array(repeating: 1, count: count) }
        var shares = [Double](repeating: 0, count: count)
        var previous = places[places.count - 1]
        for (place, peer) in zip(places, peers) {
            shares[Int(peer)] += Double(place &- previous) * 0x1p-64
            previous = place
        }
        return shares
    }

    /// How many points there are.
    package var count: Int { places.count }

    /// The peer of a point; points follow each other around the circle.
    package func peer(at point: Int) -> Int { Int(peers[point < places.count ? point : point % places.count]) }

    /// The first point at or behind a hash, found in logarithmic time. The ring must not be empty.
    package func point(of hash: UInt64) -> Int {
        var low = 0
        var high = places.count
        while low < high {
            let middle = (low + high) / 2
            if places[middle] < hash { low = middle + 1 } else { high = middle }
        }
        return low == places.count ? 0 : low
    }
}

extension HashRing {
    /// How many points a weight stands for: `limit x weight / 2^exponent`, rounded, at least one.
    ///
    /// It goes by the weights of all peers of a service as they are configured, whether they may be picked or not: an ejection, a ramp, or another
    /// verdict on another replica leaves it as it is. All the same more keys move when the largest weight passes a power of two, or the service
    /// grows beyond 1,024 peers.
    package struct Scale: Sendable, Equatable {
        /// The most points that a peer has; the heaviest ones have more than half of that. A share of the keys is off by about one in the root of
        /// the number of points.
        package let limit: Int
        /// 2 to this power is the smallest power of two that is no less than the largest weight.
        private let exponent: Int

        /// Makes a scale for the configured weights of a service; those that are 0 do not count.
        package init(_ weights: some Sequence<Double>) {
            var count = 0
            var largest = 0.0
            for weight in weights where weight > 0 {
                count += 1
                largest = max(largest, weight)
            }
            limit = count <= 1024 ? 256 : 64
            exponent = largest == 0 ? 0 : Int(largest.exponent) + (largest.significand == 1 ? 0 : 1)
        }

        /// How many points a weight stands for that is no larger than the largest one.
        func points(_ weight: Double) -> Int {
            // By the exponent, since the quotient of the two powers alone may be infinite.
            max(1, Int((Double(sign: .plus, exponent: -exponent, significand: weight) * Double(limit)).rounded()))
        }
    }
}

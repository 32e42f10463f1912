internal import Balancing

/// One peer of a service after all sources were combined.
struct CombinedPeer: Equatable {
    let address: PeerAddress
    let value: PeerValue
    /// The source whose value it is: an index in the order of preference.
    let source: Int

    /// The union of what several sources say of one service: for a peer in several the earlier source's whole value wins.
    static func merge(_ tables: [SourceTable], service: String) -> [CombinedPeer] {
        var merged: [CombinedPeer] = []
        for (source, table) in tables.enumerated() {
            guard let peers = table.services[service] else { continue }
            merged.reserveCapacity(merged.count + peers.count)
            for (address, value) in peers where !tables[..<source].contains(where: { $0.services[service]?[address] != nil }) {
                merged.append(CombinedPeer(address: address, value: value, source: source))
            }
        }
        return merged
    }
}

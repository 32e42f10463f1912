internal import Balancing

/// One service after all sources were combined: its peers, and whose word counts.
package struct CombinedService {
    /// The most skipped entries of one source that are shown.
    private static let shownSkippedEntries = 20

    private(set) var peers: [CombinedPeer] = []
    private(set) var details = PlanDetails()

    /// Combines what the sources say of a service.
    ///
    /// - Parameter restored: the sources that have not delivered, and whose tables are those of the state file: their word counts after
    ///   that of all others.
    package init(_ service: String, in tables: [SourceTable], restored: Set<Int> = [], by combine: Combine) {
        let naming = tables.indices.filter { tables[$0].services[service] != nil }
        var ranked = naming.filter { !restored.contains($0) } + naming.filter { restored.contains($0) }
        details.sources = naming
        if combine == .first, let first = ranked.firstIndex(where: { tables[$0].services[service]?.isEmpty == false }) {
            ranked.removeFirst(first)
            details.sources = [ranked[0]]
            details.shadowedSources = ranked.dropFirst().sorted()
        }
        for (rank, source) in ranked.enumerated() { take(tables, service, of: source, after: ranked[..<rank]) }
        for source in naming {
            if let guarded = tables[source].guarded[service] { details.guarded.formUnion(guarded.keys) }
            details.skipped += tables[source].skipped(of: service, limit: Self.shownSkippedEntries).map {
                SkippedEntry(source: source, key: $0.key, reason: $0.reason)
            }
        }
    }

    private mutating func take(_ tables: [SourceTable], _ service: String, of source: Int, after others: ArraySlice<Int>) {
        guard let values = tables[source].services[service] else { return }
        let earlier = others.filter { details.sources.contains($0) }.compactMap { tables[$0].services[service] }
        let counts = details.sources.contains(source)
        if counts { peers.reserveCapacity(peers.count + values.count) }
        for (address, value) in values {
            if earlier.contains(where: { $0[address] != nil }) {
                details.shadowed[address, default: []].append(ShadowedValue(source: source, value: value))
            } else if counts {
                peers.append(CombinedPeer(address: address, value: value, source: source))
            }
        }
    }

    /// Whether any source names the service.
    var isNamed: Bool { !details.sources.isEmpty }
}

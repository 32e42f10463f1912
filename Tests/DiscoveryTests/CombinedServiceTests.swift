import Balancing
import Testing

@testable import Discovery

/// Which source's word counts for a service and its peers.
struct CombinedServiceTests {
    private func table(_ peers: KeyValuePairs<String, PeerValue>) -> SourceTable {
        var table = SourceTable()
        for (key, value) in peers { table.apply(SourceEntry(key: key, content: .value(value))) }
        return table
    }

    /// Peers with weight and source: `10.0.0.1:80 5 from 0`.
    private func peers(_ combined: CombinedService) -> [String] {
        combined.peers.map { "\($0.address) \(Int($0.value.weight)) from \($0.source)" }.sorted()
    }

    @Test func `merged, a service has the peers of all sources, and the earlier value of each`() throws {
        let tables = [
            table(["web/10.0.0.1:80": PeerValue(weight: 1)]),
            table(["web/10.0.0.1:80": PeerValue(weight: 2), "web/10.0.0.2:80": PeerValue(weight: 2)]),
            table(["web/10.0.0.1:80": PeerValue(weight: 3), "web/10.0.0.2:80": PeerValue(weight: 3), "web/10.0.0.3:80": PeerValue(weight: 3)]),
        ]
        let combined = CombinedService("web", in: tables, by: .merge)
        #expect(peers(combined) == ["10.0.0.1:80 1 from 0", "10.0.0.2:80 2 from 1", "10.0.0.3:80 3 from 2"])
        #expect(combined.details.sources == [0, 1, 2] && combined.details.shadowedSources.isEmpty)
        let shadowed = [ShadowedValue(source: 1, value: PeerValue(weight: 2)), ShadowedValue(source: 2, value: PeerValue(weight: 3))]
        #expect(combined.details.shadowed[try PeerAddress("10.0.0.1:80")] == shadowed)
        #expect(combined.details.shadowed[try PeerAddress("10.0.0.2:80")] == [ShadowedValue(source: 2, value: PeerValue(weight: 3))])
        #expect(combined.details.shadowed.count == 2)
    }

    @Test func `by the first source, a service has that one's peers only, whatever their health`() throws {
        let tables = [
            SourceTable(),
            table(["web/10.0.0.1:80": PeerValue(weight: 1, status: .down)]),
            table(["web/10.0.0.1:80": PeerValue(weight: 2), "web/10.0.0.2:80": PeerValue(weight: 2)]),
        ]
        let combined = CombinedService("web", in: tables, by: .first)
        #expect(peers(combined) == ["10.0.0.1:80 1 from 1"])
        #expect(combined.details.sources == [1] && combined.details.shadowedSources == [2])
        #expect(combined.details.shadowed == [try PeerAddress("10.0.0.1:80"): [ShadowedValue(source: 2, value: PeerValue(weight: 2))]])
    }

    @Test func `a source that names a service without a peer of it leaves it to the next one`() {
        var naming = SourceTable()
        naming.name(service: "web")
        var skipping = SourceTable()
        skipping.apply(SourceEntry(key: "web/10.0.0.9:80", content: .invalid("weight: no")))
        let combined = CombinedService("web", in: [naming, skipping, table(["web/10.0.0.2:80": PeerValue(weight: 2)])], by: .first)
        #expect(peers(combined) == ["10.0.0.2:80 2 from 2"])
        #expect(combined.details.sources == [2] && combined.details.shadowedSources.isEmpty)
        #expect(combined.details.skipped == [SkippedEntry(source: 1, key: "web/10.0.0.9:80", reason: "weight: no")])
    }

    @Test func `the word of a source that was restored counts after that of all others, whatever the order of preference`() throws {
        let tables = [
            table(["web/10.0.0.1:80": PeerValue(weight: 1), "web/10.0.0.2:80": PeerValue(weight: 1)]),
            table(["web/10.0.0.1:80": PeerValue(weight: 2)]),
            table(["web/10.0.0.2:80": PeerValue(weight: 3)]),
        ]
        let merged = CombinedService("web", in: tables, restored: [0, 1], by: .merge)
        #expect(peers(merged) == ["10.0.0.1:80 1 from 0", "10.0.0.2:80 3 from 2"])
        #expect(merged.details.sources == [0, 1, 2])
        #expect(merged.details.shadowed[try PeerAddress("10.0.0.2:80")] == [ShadowedValue(source: 0, value: PeerValue(weight: 1))])
        let first = CombinedService("web", in: tables, restored: [0, 1], by: .first)
        #expect(peers(first) == ["10.0.0.2:80 3 from 2"])
        #expect(first.details.sources == [2] && first.details.shadowedSources == [0, 1])
        // Where no other has a valid peer, the first that was restored counts.
        let only = CombinedService("web", in: [tables[0], tables[1], SourceTable()], restored: [0, 1], by: .first)
        #expect(peers(only) == ["10.0.0.1:80 1 from 0", "10.0.0.2:80 1 from 0"])
        #expect(only.details.shadowedSources == [1])
    }

    @Test(arguments: [Combine.merge, .first])
    func `a service that every source names in vain is named and has no peers`(combine: Combine) {
        var naming = SourceTable()
        naming.name(service: "web")
        let combined = CombinedService("web", in: [naming, naming], by: combine)
        #expect(combined.isNamed && combined.peers.isEmpty && combined.details.sources == [0, 1])
        #expect(!CombinedService("other", in: [naming], by: combine).isNamed)
    }
}

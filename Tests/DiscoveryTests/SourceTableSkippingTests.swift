import Balancing
import Discovery
import Glibc
import Testing

/// Entries that are skipped, and what becomes of them in a new list.
struct SourceTableSkippingTests {
    @Test func `those that were skipped last are shown first, and others when these are gone`() {
        var table = SourceTable()
        for number in 1...8 { table.apply(SourceEntry(key: "web/\(number)", content: .value(.default))) }
        #expect(table.latestSkipped.map(\.key) == ["web/8", "web/7", "web/6", "web/5", "web/4"])
        table.apply(SourceEntry(key: "web/5", content: .invalid("weight: no")))
        #expect(table.latestSkipped.map(\.key) == ["web/5", "web/8", "web/7", "web/6", "web/4"])
        for number in [8, 7] { table.apply(SourceEntry(key: "web/\(number)", content: .deleted)) }
        let keys = table.latestSkipped.map(\.key)
        #expect(keys.prefix(3) == ["web/5", "web/6", "web/4"] && keys.count == 5)
        #expect(Set(keys.dropFirst(3)).isSubset(of: ["web/1", "web/2", "web/3"]))
        for number in 3...6 { table.apply(SourceEntry(key: "web/\(number)", content: .deleted)) }
        #expect(Set(table.latestSkipped.map(\.key)) == ["web/1", "web/2"])
        table.removeAll(below: "")
        #expect(table.latestSkipped.isEmpty)
    }

    private var table = SourceTable()

    private func value(_ weight: Double) -> SourceEntry.Content { .value(PeerValue(weight: weight)) }

    private func weight(_ peer: String) throws -> Double? {
        table.services["web"]?[try PeerAddress(peer)]?.weight
    }

    /// Takes a new list of these entries in the place of the table.
    private mutating func relist(_ entries: KeyValuePairs<String, SourceEntry.Content>) {
        var list = SourceTable()
        for (key, content) in entries { list.apply(SourceEntry(key: key, content: content)) }
        list.keepValidValues(of: table)
        table = list
    }

    /// The time that this thread has had of a processor.
    private func processorTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    @Test mutating func `emptying services costs the same however much is skipped`() {
        for number in 0..<20_000 {
            table.apply(SourceEntry(key: "bad-\(number)/10.0.0.1:80", content: .invalid("weight: no")))
        }
        let began = processorTime()
        for number in 0..<400 {
            table.apply(SourceEntry(key: "good-\(number)/10.0.0.1:80", content: value(1)))
            table.apply(SourceEntry(key: "good-\(number)/10.0.0.1:80", content: .deleted))
        }
        #expect(processorTime() - began < .seconds(2))
        #expect(table.services.count == 20_000)
    }

    @Test mutating func `a service is named as long as any of its keys is skipped`() {
        for peer in ["10.0.0.1:80", "10.0.0.2:80"] {
            table.apply(SourceEntry(key: "web/\(peer)", content: .invalid("weight: no")))
            table.apply(SourceEntry(key: "web/\(peer)", content: .invalid("weight: still no")))
        }
        table.apply(SourceEntry(key: "web/10.0.0.1:80", content: .deleted))
        #expect(table.services == ["web": [:]])
        table.apply(SourceEntry(key: "web/10.0.0.2:80", content: value(1)))
        #expect(table.apply(SourceEntry(key: "web/10.0.0.2:80", content: .deleted)) == "web")
        #expect(table.services.isEmpty)
    }

    @Test mutating func `an invalid spelling keeps its reason in a new list`() throws {
        table.apply(SourceEntry(key: "web/10.0.0.1:080", content: value(5)))
        relist(["web/10.0.0.1:080": .invalid("weight: no")])
        #expect(try weight("10.0.0.1:80") == 5)
        #expect(table.skipped == ["web/10.0.0.1:080": "weight: no"])
    }

    @Test mutating func `an invalid spelling keeps its reason when another spelling comes`() throws {
        table.apply(SourceEntry(key: "web/10.0.0.1:080", content: value(5)))
        table.apply(SourceEntry(key: "web/10.0.0.1:080", content: .invalid("weight: no")))
        table.apply(SourceEntry(key: "web/10.0.0.1:80", content: value(7)))
        #expect(try weight("10.0.0.1:80") == 5)
        #expect(table.skipped["web/10.0.0.1:080"] == "weight: no")
        #expect(table.skipped["web/10.0.0.1:80"]?.contains("comes first") == true)
        table.apply(SourceEntry(key: "web/10.0.0.1:080", content: .deleted))
        #expect(try weight("10.0.0.1:80") == 7)
        #expect(table.skipped.isEmpty)
    }

    @Test mutating func `a new list chooses the same spelling as the changes before it`() throws {
        table.apply(SourceEntry(key: "web/10.0.0.1:080", content: value(5)))
        table.apply(SourceEntry(key: "web/10.0.0.1:80", content: value(7)))
        table.apply(SourceEntry(key: "web/10.0.0.1:080", content: .invalid("weight: no")))
        let live = table
        for _ in 1...2 {
            relist(["web/10.0.0.1:080": .invalid("weight: no"), "web/10.0.0.1:80": value(7)])
            #expect(try weight("10.0.0.1:80") == 5)
            #expect(table.skipped == live.skipped && table.services == live.services)
        }
    }

    @Test mutating func `a spelling that never was valid takes over no value of another one`() throws {
        table.apply(SourceEntry(key: "web/10.0.0.1:80", content: value(5)))
        table.apply(SourceEntry(key: "web/10.0.0.1:080", content: .invalid("weight: no")))
        relist(["web/10.0.0.1:080": .invalid("weight: no")])
        #expect(try weight("10.0.0.1:80") == nil)
        #expect(table.services == ["web": [:]] && table.peerCount == 0)
    }

    @Test mutating func `what is shown of huge keys and reasons is short, and no two keys are mixed up`() {
        let huge = String(repeating: "a\u{301}", count: 300_000)
        for end in ["x", "y"] { table.apply(SourceEntry(key: huge + end, content: value(1))) }
        table.apply(SourceEntry(key: "web/10.0.0.1:80", content: .invalid(huge)))
        table.name(service: huge)
        #expect(table.skipped.count == 4)
        #expect(table.skipped.allSatisfy { $0.key.utf8.count < 700 && $0.value.utf8.count < 700 })
        for end in ["x", "y"] { table.apply(SourceEntry(key: huge + end, content: .deleted)) }
        #expect(table.skipped.count == 2)
    }

    @Test mutating func `a key that is longer than any peer's is skipped`() {
        table.apply(SourceEntry(key: "web/10.0.0.1:\(String(repeating: "0", count: 1000))80", content: value(1)))
        #expect(table.services.isEmpty)
        #expect(table.skipped.values.first?.contains("bytes") == true)
    }
}

import Balancing
import Discovery
import Testing

struct SourceTableTests {
    private var table = SourceTable()

    private func value(_ weight: Double) -> SourceEntry.Content { .value(PeerValue(weight: weight)) }

    private func weight(_ service: String, _ peer: String) throws -> Double? {
        table.services[service]?[try PeerAddress(peer)]?.weight
    }

    @Test mutating func `a key adds a peer, another value changes it, a deletion removes it`() throws {
        #expect(table.apply(SourceEntry(key: "web/10.0.0.1:80", content: value(1))) == "web")
        #expect(try weight("web", "10.0.0.1:80") == 1)
        #expect(table.apply(SourceEntry(key: "web/10.0.0.1:80", content: value(1))) == nil)
        #expect(table.apply(SourceEntry(key: "web/10.0.0.1:80", content: value(2))) == "web")
        #expect(table.peerCount == 1)
        #expect(table.apply(SourceEntry(key: "web/10.0.0.1:80", content: .deleted)) == "web")
        #expect(table.apply(SourceEntry(key: "web/10.0.0.1:80", content: .deleted)) == nil)
        #expect(table.services.isEmpty && table.peerCount == 0)
    }

    @Test(arguments: [
        ("web", "no peer"), ("web/", "no port"), ("/10.0.0.1:80", "service name"), ("a b/10.0.0.1:80", "service name"),
        ("web/host:80", "names are not resolved"),
        ("web/10.0.0.1:80/x", "1 to 65535"), ("", "no peer"),
    ])
    mutating func `a bad key is skipped with the reason until it goes`(key: String, reason: String) {
        #expect(table.apply(SourceEntry(key: key, content: value(1))) == nil)
        #expect(table.skipped[key]?.contains(reason) == true, "\(table.skipped)")
        #expect(table.apply(SourceEntry(key: key, content: .deleted)) == nil)
        #expect(table.skipped.isEmpty)
    }

    @Test mutating func `an invalid value is skipped and the earlier valid one stays`() throws {
        table.apply(SourceEntry(key: "web/10.0.0.1:80", content: value(5)))
        #expect(table.apply(SourceEntry(key: "web/10.0.0.1:80", content: .invalid("weight: no"))) == "web")
        #expect(try weight("web", "10.0.0.1:80") == 5)
        #expect(table.skipped == ["web/10.0.0.1:80": "weight: no"])
        table.apply(SourceEntry(key: "web/10.0.0.1:80", content: value(6)))
        #expect(table.skipped.isEmpty)
    }

    @Test mutating func `an invalid value in a new list keeps the earlier valid one, a missing key does not`() throws {
        var previous = SourceTable()
        previous.apply(SourceEntry(key: "web/10.0.0.1:80", content: value(5)))
        previous.apply(SourceEntry(key: "web/10.0.0.2:80", content: value(5)))
        table.apply(SourceEntry(key: "web/10.0.0.1:80", content: .invalid("weight: no")))
        table.keepValidValues(of: previous)
        #expect(try weight("web", "10.0.0.1:80") == 5)
        #expect(try weight("web", "10.0.0.2:80") == nil)
        #expect(table.skipped.count == 1)
    }

    @Test mutating func `of two keys for one peer the lexically first wins and the other is skipped`() throws {
        table.apply(SourceEntry(key: "web/[::1]:80", content: value(1)))
        #expect(table.apply(SourceEntry(key: "web/[0:0::1]:80", content: value(2))) == "web")
        #expect(try weight("web", "[::1]:80") == 2)
        #expect(table.skipped.keys.sorted() == ["web/[::1]:80"])
        #expect(table.apply(SourceEntry(key: "web/[::1]:080", content: value(3))) == "web")
        #expect(table.skipped.count == 2 && table.peerCount == 1)
        table.apply(SourceEntry(key: "web/[0:0::1]:80", content: .deleted))
        #expect(try weight("web", "[::1]:80") == 3)
        table.apply(SourceEntry(key: "web/[::1]:080", content: .deleted))
        #expect(try weight("web", "[::1]:80") == 1)
        #expect(table.skipped.isEmpty)
        table.apply(SourceEntry(key: "web/[::1]:80", content: .deleted))
        #expect(table.services.isEmpty && table.peerCount == 0)
    }

    @Test mutating func `the order of two keys for one peer does not matter`() throws {
        table.apply(SourceEntry(key: "web/10.0.0.1:080", content: value(1)))
        table.apply(SourceEntry(key: "web/10.0.0.1:80", content: value(2)))
        #expect(try weight("web", "10.0.0.1:80") == 1)
    }

    @Test mutating func `a valid key with an invalid value names its service until it goes`() throws {
        #expect(table.apply(SourceEntry(key: "web/10.0.0.1:80", content: .invalid("weight: no"))) == "web")
        #expect(table.services == ["web": [:]])
        #expect(table.apply(SourceEntry(key: "web/10.0.0.2:80", content: value(1))) == "web")
        #expect(table.apply(SourceEntry(key: "web/10.0.0.2:80", content: .deleted)) == "web")
        #expect(table.services == ["web": [:]])
        #expect(table.apply(SourceEntry(key: "web/10.0.0.1:80", content: .deleted)) == "web")
        #expect(table.services.isEmpty)
        #expect(table.apply(SourceEntry(key: "web/10.0.0.1:80", content: .deleted)) == nil)
    }

    @Test mutating func `a service can be named without peers`() {
        table.name(service: "web")
        #expect(table.services == ["web": [:]])
        table.name(service: "no good")
        #expect(table.services.count == 1 && table.skipped.count == 1)
    }

    @Test mutating func `what is below a directory goes with it, and nothing else`() {
        /// Three valid keys of two services, of which one is a second spelling, and five that are skipped.
        func fill() -> SourceTable {
            var table = SourceTable()
            for key in ["web/10.0.0.1:80", "web/10.0.0.1:080", "web2/10.0.0.1:80", "web/10.0.0.2:80/x", "web/more/x", "web", "no good/x"] {
                table.apply(SourceEntry(key: key, content: value(1)))
            }
            table.apply(SourceEntry(key: "web/10.0.0.3:80", content: .invalid("weight: no")))
            return table
        }
        table = fill()
        #expect(table.removeAll(below: "web") == ["web"])
        #expect(table.services.keys.sorted() == ["web2"] && table.peerCount == 1 && table.skipped.keys.sorted() == ["no good/x", "web"])
        // Nothing of it is left that could come back.
        table.apply(SourceEntry(key: "web/10.0.0.9:80", content: value(1)))
        #expect(table.apply(SourceEntry(key: "web/10.0.0.9:80", content: .deleted)) == "web")
        #expect(table.services.keys.sorted() == ["web2"] && table.peerCount == 1)

        table = fill()
        for elsewhere in ["web/10.0.0.1:80", "we", "elsewhere"] { #expect(table.removeAll(below: elsewhere).isEmpty) }
        for skipped in ["web/10.0.0.2:80", "web/more"] { #expect(table.removeAll(below: skipped) == ["web"]) }
        #expect(table.peerCount == 2)
        #expect(table.skipped.keys.sorted() == ["no good/x", "web", "web/10.0.0.1:80", "web/10.0.0.3:80"])
        #expect(table.removeAll(below: "").sorted() == ["web", "web2"])
        #expect(table.services.isEmpty && table.skipped.isEmpty && table.peerCount == 0)
    }

    @Test mutating func `only services that differ have changed`() {
        var previous = SourceTable()
        for key in ["same/10.0.0.1:80", "gone/10.0.0.1:80", "other/10.0.0.1:80"] { previous.apply(SourceEntry(key: key, content: value(1))) }
        table.apply(SourceEntry(key: "same/10.0.0.1:80", content: value(1)))
        table.apply(SourceEntry(key: "other/10.0.0.1:80", content: value(2)))
        table.apply(SourceEntry(key: "new/10.0.0.1:80", content: value(1)))
        #expect(table.changedServices(since: previous).sorted() == ["gone", "new", "other"])
    }

    @Test mutating func `a service that is named is there with or without peers, until its name is taken back`() {
        #expect(table.apply(SourceEntry(key: "web", content: .named)) == "web")
        #expect(table.apply(SourceEntry(key: "web", content: .named)) == nil)
        table.apply(SourceEntry(key: "web/10.0.0.1:80", content: value(1)))
        #expect(table.apply(SourceEntry(key: "web/10.0.0.1:80", content: .deleted)) == "web")
        #expect(table.services == ["web": [:]])
        table.apply(SourceEntry(key: "web/10.0.0.1:80", content: value(1)))
        // The name of a service with peers goes with the last of them.
        #expect(table.apply(SourceEntry(key: "web", content: .deleted)) == nil)
        #expect(table.apply(SourceEntry(key: "web/10.0.0.1:80", content: .deleted)) == "web")
        #expect(table.services.isEmpty)
        table.apply(SourceEntry(key: "web", content: .named))
        #expect(table.apply(SourceEntry(key: "web", content: .deleted)) == "web")
        #expect(table.apply(SourceEntry(key: "web", content: .deleted)) == nil)
        #expect(table.services.isEmpty && table.skipped.isEmpty)
    }

    @Test mutating func `a name that is none is skipped until it goes`() {
        #expect(table.apply(SourceEntry(key: "a b", content: .named)) == nil)
        #expect(table.services.isEmpty && table.skipped.count == 1)
        table.apply(SourceEntry(key: "a b", content: .deleted))
        #expect(table.skipped.isEmpty)
    }
}

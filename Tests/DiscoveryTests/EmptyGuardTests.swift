import Balancing
import Discovery
import Testing

/// Lists that lack more than can be believed.
struct EmptyGuardTests {
    private let now = ContinuousClock.now
    private let duration = Duration.seconds(30)
    private var table = SourceTable()

    private func key(_ number: Int) -> String { "web/10.0.0.\(number):80" }

    private func list(_ numbers: some Sequence<Int>, weight: Double = 1) -> SourceTable {
        var list = SourceTable()
        for number in numbers { list.apply(SourceEntry(key: key(number), content: .value(PeerValue(weight: weight)))) }
        return list
    }

    /// Takes a list in the place of the table, as the control plane does.
    @discardableResult
    private mutating func take(_ list: SourceTable, broken: Bool = false, after elapsed: Duration = .zero) -> Int {
        var list = list
        list.keepValidValues(of: table)
        let count = list.keepMissingPeers(of: table, followsBrokenHistory: broken, for: duration, at: now + elapsed)
        table = list
        return count
    }

    private var numbers: [Int] {
        (table.services["web"] ?? [:]).keys.compactMap { Int($0.host.dropFirst("10.0.0.".count)) }.sorted()
    }

    @Test mutating func `a list that lacks half of the peers is believed, one that lacks more is not`() {
        take(list(1...10))
        #expect(take(list(1...5)) == 0)
        #expect(numbers == Array(1...5) && table.nextGuardEnd == nil)
        #expect(take(list(1...2)) == 3)
        #expect(numbers == Array(1...5) && table.guardedCount == 3 && table.peerCount == 5)
        #expect(table.nextGuardEnd == now + duration)
    }

    @Test mutating func `the peers that it names apply at once, new ones and other weights`() throws {
        take(list(1...4))
        take(list([4, 5], weight: 7))
        #expect(numbers == [1, 2, 3, 4, 5])
        #expect(table.services["web"]?[try PeerAddress("10.0.0.4:80")]?.weight == 7)
        #expect(table.services["web"]?[try PeerAddress("10.0.0.1:80")]?.weight == 1)
    }

    @Test mutating func `what is kept goes when its time is over, and not before`() {
        take(list(1...4))
        take(SourceTable())
        #expect(table.endGuard(at: now + duration - .nanoseconds(1)).isEmpty)
        #expect(numbers == [1, 2, 3, 4])
        #expect(table.endGuard(at: now + duration) == ["web"])
        #expect(table.services.isEmpty && table.peerCount == 0 && table.guardedCount == 0 && table.nextGuardEnd == nil)
    }

    @Test mutating func `another list that lacks them does not make it longer, and one that has them ends it`() {
        take(list(1...4))
        take(SourceTable())
        #expect(take(list([1]), after: .seconds(20)) == 0)
        #expect(table.guardedCount == 3 && numbers == [1, 2, 3, 4])
        #expect(take(list([1, 2]), after: .seconds(25)) == 0)
        #expect(table.guardedCount == 2)
        #expect(table.endGuard(at: now + duration) == ["web"])
        #expect(numbers == [1, 2])
    }

    @Test mutating func `what goes meanwhile is measured against what is not kept`() {
        take(list(1...10))
        take(list(1...4))
        // Of the four that are there one is missing: that is believed.
        #expect(take(list(1...3), after: .seconds(1)) == 0)
        #expect(numbers == [1, 2, 3, 5, 6, 7, 8, 9, 10])
        #expect(take(list([1]), after: .seconds(2)) == 2)
        #expect(numbers == [1, 2, 3, 5, 6, 7, 8, 9, 10])
        table = table.afterGuard(at: now + duration)
        #expect(numbers == [1, 2, 3])
        table = table.afterGuard(at: now + duration + .seconds(2))
        #expect(numbers == [1])
    }

    @Test mutating func `an event ends it for its peer, whatever it says`() throws {
        take(list(1...4))
        take(SourceTable())
        #expect(table.apply(SourceEntry(key: key(1), content: .deleted)) == "web")
        #expect(numbers == [2, 3, 4])
        #expect(table.apply(SourceEntry(key: key(2), content: .value(PeerValue(weight: 9)))) == "web")
        #expect(table.apply(SourceEntry(key: key(3), content: .invalid("weight: no"))) == "web")
        #expect(table.guardedCount == 1)
        _ = table.endGuard(at: now + duration)
        #expect(numbers == [2, 3])
        #expect(table.services["web"]?[try PeerAddress("10.0.0.2:80")]?.weight == 9)
        table.apply(SourceEntry(key: key(3), content: .deleted))
        #expect(numbers == [2])
    }

    @Test mutating func `an event ends it whatever the spelling of its key`() throws {
        table.apply(SourceEntry(key: "web/[::1]:80", content: .value(PeerValue(weight: 3))))
        take(SourceTable())
        table.apply(SourceEntry(key: "web/[0:0::1]:80", content: .invalid("weight: no")))
        #expect(table.guardedCount == 0)
        #expect(table.services["web"]?[try PeerAddress("[::1]:80")]?.weight == 3)
        table.apply(SourceEntry(key: "web/[0:0::1]:80", content: .deleted))
        #expect(table.services.isEmpty && table.skipped.isEmpty && table.peerCount == 0)
    }

    @Test mutating func `after a broken history a single missing peer is kept`() {
        take(list(1...10))
        #expect(take(list(1...9), broken: true) == 1)
        #expect(numbers == Array(1...10))
        #expect(table.endGuard(at: now + duration) == ["web"])
        #expect(numbers == Array(1...9))
    }

    @Test mutating func `without a guard every list is believed`() {
        table = list(1...10)
        var empty = SourceTable()
        #expect(empty.keepMissingPeers(of: table, followsBrokenHistory: true, for: .zero, at: now) == 0)
        #expect(empty.services.isEmpty)
    }
}

extension SourceTable {
    fileprivate func afterGuard(at instant: Instant) -> SourceTable {
        var table = self
        _ = table.endGuard(at: instant)
        return table
    }
}

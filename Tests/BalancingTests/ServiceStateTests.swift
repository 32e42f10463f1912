import Balancing
import Foundation
import Synchronization
import TestSupport
import Testing

struct ServiceStateTests {
    private var generator = SeededGenerator(seed: 42)

    private mutating func makeService(weights: [Double]) throws -> ServiceState {
        ServiceState(name: "web", plan: try makePlan(weights: weights), using: &generator)
    }

    private func upcoming(_ count: Int, of service: ServiceState) -> [PeerAddress] {
        service.pick(.init(count: count, isPreview: true), at: .second(1)).map(\.peer.address)
    }

    @Test(arguments: SmoothCycleTests.weights)
    mutating func `a run of picks from any place is exact per turn and never more than three picks off`(weights: [Double]) throws {
        let service = try makeService(weights: weights)
        let members = service.plan.members
        let cycleCount = service.plan.cycle.count
        var taken: [PeerAddress: Int] = [:]
        let shares = Dictionary(uniqueKeysWithValues: members.map { ($0.state.address, Double($0.slots) / Double(cycleCount)) })
        for pickNumber in 1...(2 * cycleCount) {
            let peer = try #require(service.pick(at: .second(1))).peer.address
            let before = abs(Double(taken[peer, default: 0]) - Double(pickNumber - 1) * (shares[peer] ?? 0))
            taken[peer, default: 0] += 1
            let after = abs(Double(taken[peer, default: 0]) - Double(pickNumber) * (shares[peer] ?? 0))
            if max(before, after) > 3 { Issue.record("\(peer) is off by \(max(before, after)) at pick \(pickNumber)") }
        }
        for member in members { #expect(taken[member.state.address] == 2 * Int(member.slots)) }
    }

    @Test(arguments: [1, 3, 10, 50], [[5, 1, 1], [99, 101], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]] as [[Double]])
    mutating func `swaps forced every few picks keep the shares`(interval: Int, weights: [Double]) throws {
        let service = try makeService(weights: weights)
        let full = service.plan
        // The other plan has a peer more, of a weight so small that it is hardly ever picked.
        let extra = try #require(try makeMembers(weights: weights + [1]).last)
        let total = 100_000
        var taken: [PeerAddress: Int] = [:]
        var expected: [PeerAddress: Double] = [:]
        var plan = full
        for pickNumber in 0..<total {
            if pickNumber % interval == 0 {
                let isFull = plan.members.count == weights.count
                plan = Plan(
                    members: full.members + (isFull ? [extra] : []),
                    isStale: false,
                    index: UInt64(pickNumber),
                    previous: plan
                )
                service.publish(plan, using: &generator)
            }
            taken[try #require(service.pick(at: .second(1))).peer.address, default: 0] += 1
            for member in plan.members { expected[member.state.address, default: 0] += Double(member.slots) / Double(plan.cycle.count) }
        }
        for (address, share) in expected.mapValues({ $0 / Double(total) }) {
            let bound = 4 * (Double(total) * share * (1 - share)).squareRoot()
            #expect(abs(Double(taken[address, default: 0]) - share * Double(total)) <= bound)
        }
    }

    @Test mutating func `a plan with the same peers and weights keeps its place`() throws {
        let service = try makeService(weights: [3, 2, 1])
        let reference = try makeService(weights: [3, 2, 1])
        while upcoming(6, of: reference) != upcoming(6, of: service) { _ = reference.pick(at: .second(1)) }
        for _ in 0..<100 {
            let plan = service.plan
            service.publish(Plan(members: plan.members, isStale: !plan.isStale, index: plan.index + 1, previous: plan), using: &generator)
            #expect(service.pick(at: .second(1))?.peer.address == reference.pick(at: .second(1))?.peer.address)
        }
    }

    @Test mutating func `replicas start at different places`() throws {
        var first: Set<PeerAddress> = []
        for _ in 0..<100 { first.insert(try #require(try makeService(weights: Array(repeating: 1, count: 10)).pick(at: .second(1))).peer.address) }
        #expect(first.count == 10)
    }

    @Test mutating func `eight threads lose and double nothing`() throws {
        let service = try makeService(weights: [5, 3, 2, 7, 1])
        final class Count: Sendable {
            let value = Atomic(0)
        }
        // Not behind a `Mutex`, which ThreadSanitizer does not see.
        let taken = Dictionary(uniqueKeysWithValues: service.plan.members.map { ($0.state.address, Count()) })
        let perThread = 10_000
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for _ in 0..<perThread {
                if let pick = service.pick(at: .second(1)) { taken[pick.peer.address]?.value.add(1, ordering: .relaxed) }
            }
        }
        let turns = 8 * perThread / 18
        let rest = 8 * perThread % 18
        let counts = taken.mapValues { $0.value.load(ordering: .relaxed) }
        #expect(counts.values.reduce(0, +) == 8 * perThread)
        for member in service.plan.members {
            let count = counts[member.state.address] ?? 0
            let whole = turns * Int(member.slots)
            #expect(whole...(whole + min(rest, Int(member.slots))) ~= count)
        }
        #expect(service.picks(window: 60, before: 2) == UInt64(8 * perThread))
        #expect(service.plan.members.allSatisfy { Int($0.state.picks(window: 60, before: 2)) == counts[$0.state.address] })
    }

    @Test mutating func `a lease is what as many single picks would have been`() throws {
        let service = try makeService(weights: [5, 3, 2])
        let preview = upcoming(25, of: service)
        let lease = service.pick(.init(count: 10), at: .second(1)).map(\.peer.address)
        let singles = (0..<15).compactMap { _ in service.pick(at: .second(1))?.peer.address }
        #expect(lease + singles == preview)
    }

    @Test mutating func `a preview moves and counts nothing`() throws {
        let service = try makeService(weights: [5, 3, 2])
        #expect(upcoming(30, of: service) == upcoming(30, of: service))
        #expect(service.picks(window: 60, before: 100) == 0)
    }

    @Test mutating func `an exclusion spreads over the rest by their weights`() throws {
        let service = try makeService(weights: [50, 30, 15, 5])
        let members = service.plan.members
        let excluded = members[0].state.address
        let total = 40_000
        var taken: [PeerAddress: Int] = [:]
        for pick in service.pick(.init(count: total, excluded: [excluded]), at: .second(1), using: &generator) {
            taken[pick.peer.address, default: 0] += 1
            #expect(pick.flags.isEmpty)
        }
        #expect(taken[excluded] == nil)
        for member in members.dropFirst() {
            let share = member.weight / 50
            #expect(abs(Double(taken[member.state.address] ?? 0) - share * Double(total)) <= 4 * (Double(total) * share * (1 - share)).squareRoot())
        }
        #expect(service.picks(window: 60, before: 2) == UInt64(total))
    }

    @Test mutating func `an exclusion of nearly all the weight still finds the rest`() throws {
        let service = try makeService(weights: [4000, 1, 2])
        let picks = service.pick(.init(count: 3000, excluded: [service.plan.members[0].state.address]), at: .second(1), using: &generator)
        let heavier = picks.count { $0.peer === service.plan.members[2].state }
        #expect(picks.allSatisfy { $0.peer !== service.plan.members[0].state && $0.flags.isEmpty })
        #expect(abs(heavier - 2000) < 4 * 26)
    }

    @Test mutating func `an exclusion does not move the place`() throws {
        let service = try makeService(weights: [5, 3, 2])
        let preview = upcoming(10, of: service)
        _ = service.pick(.init(count: 7, excluded: [preview[0]]), at: .second(1), using: &generator)
        #expect(upcoming(10, of: service) == preview)
    }

    @Test mutating func `when only excluded peers are left one of them is picked and flagged`() throws {
        let service = try makeService(weights: [1])
        let only = service.plan.members[0].state
        let pick = try #require(service.pick(.init(count: 1, excluded: [only.address]), at: .second(1), using: &generator).first)
        #expect(pick.peer === only && pick.flags == .excluded)
    }

    @Test mutating func `down and weightless peers are shown but never picked`() throws {
        var members = try makeMembers(weights: [1, 0, 1])
        members.append(
            PlanMember(state: PeerState(address: try PeerAddress("10.9.9.9:80"), since: 0), value: PeerValue(status: .down), source: 0)
        )
        let service = ServiceState(name: "web", plan: Plan(members: members, isStale: false, index: 1, previous: nil), using: &generator)
        #expect(service.plan.members.count == 4)
        #expect(service.plan.eligibleCount == 2)
        let picked = Set(service.pick(.init(count: 100), at: .second(1)).map(\.peer.address.description))
        #expect(picked == ["10.0.0.0:80", "10.0.0.2:80"])
    }

    @Test mutating func `without an eligible peer there is no pick`() throws {
        let service = try makeService(weights: [0])
        #expect(service.pick(at: .second(1)) == nil)
        #expect(service.pick(.init(count: 3), at: .second(1)).isEmpty)
        #expect(service.pick(.init(count: 3, isPreview: true), at: .second(1)).isEmpty)
        #expect(service.pick(.init(count: 1, excluded: []), at: .second(1), using: &generator).isEmpty)
    }

    @Test mutating func `picks are counted by second, only complete seconds are shown`() throws {
        let service = try makeService(weights: [1])
        for second in UInt32(10)...20 { for _ in 0..<second { _ = service.pick(at: .second(second)) } }
        #expect(service.picks(window: 60, before: 20) == UInt64((10...19).reduce(0, +)))
        #expect(service.picks(window: 1, before: 21) == 20)
        #expect(service.picks(window: 2, before: 20) == 18 + 19)
        #expect(service.plan.members[0].state.picks(window: 3, before: 21) == 18 + 19 + 20)
        #expect(service.picks(window: 60, before: 81) == 0)
    }

    @Test mutating func `idle statistics are freed after a minute and prepared answers with them`() throws {
        let service = try makeService(weights: [1])
        let peer = service.plan.members[0].state
        _ = service.pick(at: .second(10))
        weak let first = peer.answer(.json, weight: 1) { PreparedAnswer() } as? PreparedAnswer
        service.freeIdleStatistics(at: 60)
        #expect(first != nil)
        service.freeIdleStatistics(at: 71)
        #expect(first == nil)
    }

    @Test mutating func `an answer of a kind is made once for a weight`() throws {
        let peer = try makeService(weights: [1]).plan.members[0].state
        let first = try #require(peer.answer(.json, weight: 1) { PreparedAnswer() } as? PreparedAnswer)
        let text = try #require(peer.answer(.text, weight: 1) { PreparedAnswer() } as? PreparedAnswer)
        let again = try #require(peer.answer(.json, weight: 1) { PreparedAnswer() } as? PreparedAnswer)
        let other = try #require(peer.answer(.json, weight: 2) { PreparedAnswer() } as? PreparedAnswer)
        #expect(first === again)
        #expect(first !== text)
        #expect(first !== other)
    }
}

/// Stands for an answer that the HTTP interface prepares.
private final class PreparedAnswer: Sendable {}

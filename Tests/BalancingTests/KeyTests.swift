import TestSupport
import Testing

@testable import Balancing

/// Which peers keys go to while the peers of a service change.
struct KeyTests {
    private var generator = SeededGenerator(seed: 3)

    /// A plan over members of which some are picked by another weight than the configured one.
    private func plan(
        _ members: [PlanMember],
        effective: [Int: Double] = [:],
        policy: Policy = .consistentHash,
        isStale: Bool = false,
        previous: Plan? = nil
    ) -> Plan {
        let weighted = members.enumerated().map { position, member in
            PlanMember(state: member.state, value: member.value, effectiveWeight: effective[position] ?? member.weight, source: 0)
        }
        return Plan(members: weighted, policy: policy, isStale: isStale, index: 1, previous: previous)
    }

    private func owners(of plan: Plan, keys: Int = 20_000) -> [PeerAddress] {
        let ring = plan.ring()
        return (0..<keys).map { plan.members[ring.peer(at: ring.point(of: StableHash.hash("key-\($0)".utf8)))].state.address }
    }

    private func moved(_ before: [PeerAddress], _ after: [PeerAddress]) -> [(from: PeerAddress, to: PeerAddress)] {
        zip(before, after).filter { $0 != $1 }.map { (from: $0, to: $1) }
    }

    // MARK: - Weights

    /// A number that has lost half of its digits, as numbers below 2.2e-308 do.
    private static let denormal = Double.leastNormalMagnitude / 0x1p26
    private static let weightSets = [
        [1e-307], [.leastNonzeroMagnitude, .leastNonzeroMagnitude], [1e-307, 65535], [.leastNonzeroMagnitude, denormal, 1, 65535], [65535, 65535],
    ]

    @Test(arguments: Policy.allCases, weightSets)
    mutating func `the smallest and the largest weights are picked under every policy`(policy: Policy, weights: [Double]) throws {
        let members = try makeMembers(weights: weights)
        let service = ServiceState(name: "web", plan: plan(members, policy: policy), using: &generator)
        let now = Moment(milliseconds: 1_000_000)
        for _ in 0..<100 { #expect(service.pick(at: now) != nil) }
        _ = service.record(Outcome(result: .status(200), latencyMilliseconds: 5, reporter: ""), of: members[0].state.address, at: now)
        for _ in 0..<100 { #expect(service.pick(at: now) != nil) }
        for key in 0..<100 { #expect(service.pick(.init(count: 3, key: StableHash.hash("\(key)".utf8)), at: now).count == 3) }
        let others = service.pick(.init(count: 20, excluded: [members[0].state.address]), at: now, using: &generator)
        #expect(others.count == 20 && others.allSatisfy { ($0.peer === members[0].state) == (weights.count == 1) })
    }

    @Test func `weights in the same proportion, by a power of two, share the keys alike, however small they are`() throws {
        let ordinary = owners(of: plan(try makeMembers(weights: [1, 3, 2])))
        for unit in [.leastNonzeroMagnitude, Self.denormal, .leastNormalMagnitude, 0x1p-10, 16384] {
            #expect(owners(of: plan(try makeMembers(weights: [unit, 3 * unit, 2 * unit]))) == ordinary)
        }
    }

    @Test func `when the heaviest peer is ejected only its keys move`() throws {
        let members = try makeMembers(weights: [1, 2, 3, 1, 1, 100, 1, 2])
        let before = owners(of: plan(members))
        let moved = moved(before, owners(of: plan(members, effective: [5: 0])))
        #expect(moved.count == before.count { $0 == members[5].state.address })
        #expect(moved.allSatisfy { $0.from == members[5].state.address })
    }

    @Test func `while the heaviest peer ramps, keys come back to it little by little, and no others move`() throws {
        let members = try makeMembers(weights: [1, 2, 3, 1, 1, 20, 1, 2])
        var before = owners(of: plan(members, effective: [5: 0]))
        for share in [0.1, 0.2, 0.4, 0.7, 1] {
            let after = owners(of: plan(members, effective: [5: 20 * share]))
            let moved = moved(before, after)
            #expect(!moved.isEmpty && moved.allSatisfy { $0.to == members[5].state.address })
            before = after
        }
        #expect(before == owners(of: plan(members)))
    }

    @Test func `when the 1,025th peer cannot be picked only its keys move`() throws {
        let members = try makeMembers(weights: Array(repeating: 1, count: 1025))
        let moved = moved(owners(of: plan(members)), owners(of: plan(members, effective: [77: 0])))
        #expect(!moved.isEmpty && moved.allSatisfy { $0.from == members[77].state.address })
    }

    @Test func `a peer of weight 0 is nothing to the others`() throws {
        let weights = Array(repeating: 1.0, count: 1024)
        let one = owners(of: plan(try makeMembers(weights: weights)))
        #expect(owners(of: plan(try makeMembers(weights: weights + [0]))) == one)
    }
}

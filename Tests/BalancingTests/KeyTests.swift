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
        isPanic: Bool = false,
        isStale: Bool = false,
        previous: Plan? = nil
    ) -> Plan {
        let weighted = members.enumerated().map { position, member in
            PlanMember(state: member.state, value: member.value, effectiveWeight: effective[position] ?? member.weight, source: 0)
        }
        return Plan(members: weighted, policy: policy, isPanic: isPanic, isStale: isStale, index: 1, previous: previous)
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

    @Test(arguments: [[7.0], [1, 1], [1, 2, 3, 4, 0.1], Array(repeating: 1, count: 50)])
    func `the expected shares are those of the ring`(weights: [Double]) throws {
        let plan = plan(try makeMembers(weights: weights + [5]), effective: [weights.count: 0])
        let keys = 100_000
        let owners = owners(of: plan, keys: keys)
        let shares = plan.expectedShares
        #expect(abs(shares.reduce(0, +) - 1) < 1e-9 && shares.last == 0)
        for (member, share) in zip(plan.members, shares) {
            let count = owners.count { $0 == member.state.address }
            #expect(abs(Double(count) / Double(keys) - share) < 5 * (share / Double(keys)).squareRoot() + 1e-9)
        }
        let sum = weights.reduce(0, +)
        let error = zip(weights, shares).map { abs($0 / sum - $1) / max($0 / sum, $1) }.max() ?? 0
        #expect(abs(plan.weightError(of: shares) - error) < 1e-9 && (error > 1e-9) == (weights.count > 1))
    }

    // MARK: - When the ring is made

    @Test(arguments: Policy.allCases)
    mutating func `the first key of a large service is not picked at once, later ones are`(policy: Policy) throws {
        let members = try makeMembers(weights: Array(repeating: 1, count: 17))
        let service = ServiceState(name: "web", plan: plan(members, policy: policy), using: &generator)
        let now = Moment(milliseconds: 1_000_000)
        let isMade = policy == .consistentHash
        #expect((service.pickAtOnce(.init(key: 7), at: now) != nil) == isMade)
        #expect(service.picks(window: 60, before: now.second + 1) == (isMade ? 1 : 0))
        let picked = service.pick(.init(key: 7), at: now).first?.peer
        #expect(service.pickAtOnce(.init(key: 7), at: now)?.first?.peer === picked)
        // The same peers and weights: nothing is made again.
        service.publish(plan(members, policy: policy, isStale: true, previous: service.plan), using: &generator)
        #expect(service.pickAtOnce(.init(key: 7), at: now)?.first?.peer === picked)
        service.publish(plan(members, effective: [3: 0.5], policy: policy, previous: service.plan), using: &generator)
        #expect((service.pickAtOnce(.init(key: 7), at: now) != nil) == isMade)
    }

    @Test(arguments: Policy.allCases)
    mutating func `keys of a small service are picked at once, and long leases are not`(policy: Policy) throws {
        let members = try makeMembers(weights: Array(repeating: 1, count: 16))
        let service = ServiceState(name: "web", plan: plan(members, policy: policy), using: &generator)
        let now = Moment(milliseconds: 1_000_000)
        for (request, isAtOnce) in [
            (ServiceState.Request(count: 16, key: 7), true), (.init(count: 17, key: 7), false), (.init(count: 100), true), (.init(count: 101), false),
            (.init(count: 100, excluded: [members[0].state.address]), true),
        ] {
            #expect(service.pickAtOnce(request, at: now)?.count == (isAtOnce ? request.count : nil))
        }
    }

    @Test func `the ring goes with a change of the scale alone`() throws {
        let members = try makeMembers(weights: [1, 2, 8])
        let first = plan(members, effective: [2: 0])
        let second = plan(Array(members[..<2]), previous: first)
        #expect(second.ring() !== first.ring() && second.ring().count > first.ring().count)
        #expect(plan(Array(members[..<2]), previous: second).ring() === second.ring())
    }

    @Test func `threads that need the ring first at once have the same one`() async throws {
        let plan = plan(try makeMembers(weights: Array(repeating: 1, count: 1100)), policy: .random)
        let rings = await withTaskGroup(of: HashRing.self, returning: [HashRing].self) { group in
            for _ in 0..<8 { group.addTask { plan.ring() } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(rings.count == 8 && rings.allSatisfy { $0 === rings[0] })
    }

    // MARK: - Who is passed over

    @Test(arguments: [1.0, 1000])
    mutating func `a light peer is found behind heavy ones that are excluded, or all full`(weight: Double) throws {
        let members = try makeMembers(weights: Array(repeating: weight, count: 16) + [1])
        let service = ServiceState(name: "web", plan: plan(members), using: &generator)
        let excluded = members[..<16].map(\.state.address)
        let now = Moment(milliseconds: 1_000_000)
        for key in 0..<50 {
            let pick = try #require(service.pick(.init(key: StableHash.hash("\(key)".utf8), excluded: excluded), at: now).first)
            #expect(pick.peer === members[16].state && pick.flags.isEmpty)
        }
    }

    @Test mutating func `a retry without a key may go to any other peer, also where keys are hashed`() throws {
        let members = try makeMembers(weights: [1, 1, 2, 4])
        let service = ServiceState(name: "web", plan: plan(members), using: &generator)
        let picks = service.pick(.init(count: 7000, excluded: [members[0].state.address]), at: .second(1), using: &generator)
        let counts = members.map { member in picks.count { $0.peer === member.state } }
        #expect(counts[0] == 0 && ChiSquared.isPlausible(Array(counts.dropFirst()), shares: [1, 2, 4]))
    }

    // MARK: - Panic

    @Test(arguments: Policy.allCases)
    mutating func `in panic every policy picks all peers by their weights, and keys stay where they are`(policy: Policy) throws {
        let weights = [1.0, 2, 3, 4]
        let members = try makeMembers(weights: weights)
        let roles = members.map { _ in Selection.Member(role: .candidate, isWell: false) }
        let selection = Selection(among: roles, panicThreshold: 0.25)
        let effective = Dictionary(uniqueKeysWithValues: roles.indices.map { ($0, selection.picks(roles[$0]) ? weights[$0] : 0) })
        let panic = plan(members, effective: effective, policy: policy, isPanic: selection.isPanic)
        #expect(owners(of: panic) == owners(of: plan(members)))
        let service = ServiceState(name: "web", plan: panic, using: &generator)
        var counts = [Int](repeating: 0, count: 4)
        for number in 0..<20_000 {
            let now = Moment(milliseconds: 1_000_000 + UInt64(number))
            // A service that hashes is asked with keys.
            let key = policy == .consistentHash ? StableHash.hash("\(number)".utf8) : nil
            let pick = try #require(key == nil ? service.pick(at: now) : service.pick(.init(key: key), at: now).first)
            #expect(pick.flags == .panic)
            counts[try #require(members.firstIndex { $0.state === pick.peer })] += 1
        }
        let tolerance = policy == .consistentHash ? 0.3 : 0.05
        for (count, weight) in zip(counts, weights) { #expect(abs(Double(count) / 20_000 / (weight / 10) - 1) < tolerance, "\(counts)") }
    }
}

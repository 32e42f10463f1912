import Foundation
import TestSupport
import Testing

@testable import Balancing

/// What each policy makes of weights, outcomes and their absence. The clock is the test's.
struct PolicyTests {
    private var generator = SeededGenerator(seed: 11)

    private mutating func service(_ policy: Policy, _ weights: [Double]) throws -> ServiceState {
        let plan = Plan(members: try makeMembers(weights: weights), policy: policy, isStale: false, index: 1, previous: nil)
        return ServiceState(name: "web", plan: plan, using: &generator)
    }

    private func counts(_ picks: [PeerAddress], of service: ServiceState) -> [Int] {
        var counts: [PeerAddress: Int] = [:]
        for pick in picks { counts[pick, default: 0] += 1 }
        return service.plan.members.map { counts[$0.state.address] ?? 0 }
    }

    /// Picks at a fixed rate, of which nobody ever reports anything.
    private func pickInSilence(_ service: ServiceState, _ count: Int, perSecond rate: Int = 1000) -> [PeerAddress] {
        (0..<count).compactMap { service.pick(at: Moment(milliseconds: 1_000_000 + UInt64($0 * 1000 / rate)))?.peer.address }
    }

    private func isNearWeights(_ counts: [Int], _ weights: [Double], within tolerance: Double) -> Bool {
        let (total, sum) = (Double(counts.reduce(0, +)), weights.reduce(0, +))
        return zip(counts, weights).allSatisfy { abs(Double($0) / total - $1 / sum) <= tolerance * $1 / sum }
    }

    private static let weightSets: [[Double]] = [
        [1], [1, 1], [3, 1], [1, 2, 3], [5, 5, 5, 1], Array(repeating: 1, count: 40), (1...40).map { Double($0 % 4 + 1) },
    ]

    // MARK: - By weight

    @Test(arguments: weightSets) mutating func `random follows the weights`(weights: [Double]) throws {
        let service = try service(.random, weights)
        #expect(ChiSquared.isPlausible(counts(pickInSilence(service, 100_000), of: service), shares: weights))
    }

    @Test(arguments: [Policy.leastOutstanding, .peakEWMA], weightSets)
    mutating func `a policy whose clients never report falls back to the weights`(policy: Policy, weights: [Double]) throws {
        let service = try service(policy, weights)
        let counts = counts(pickInSilence(service, 100_000), of: service)
        #expect(isNearWeights(counts, weights, within: 0.05), "\(counts)")
    }

    @Test(arguments: weightSets)
    mutating func `least outstanding shares idle peers by weight`(weights: [Double]) throws {
        let service = try service(.leastOutstanding, weights)
        var picks: [PeerAddress] = []
        // Every request ends before the next one begins.
        for number in 0..<60_000 {
            let now = Moment(milliseconds: 1_000_000 + UInt64(number))
            let pick = try #require(service.pick(at: now))
            picks.append(pick.peer.address)
            _ = service.record(Outcome(result: .status(200), latencyMilliseconds: 1, reporter: ""), of: pick.peer.address, at: now)
        }
        #expect(ChiSquared.isPlausible(counts(picks, of: service), shares: weights))
    }

    // MARK: - By load

    /// A closed loop of clients over peers with these service times in milliseconds; every outcome is reported.
    private func run(_ service: ServiceState, times: [Double], clients: Int, milliseconds: Int) throws -> [Int] {
        var ends: [(end: Double, peer: Int)] = []
        var picked = [Int](repeating: 0, count: times.count)
        let addresses = service.plan.members.map(\.state.address)
        for millisecond in 0..<milliseconds {
            let now = Moment(milliseconds: 1_000_000 + UInt64(millisecond))
            for ended in ends where ended.end <= Double(millisecond) {
                let outcome = Outcome(result: .status(200), latencyMilliseconds: times[ended.peer], reporter: "")
                #expect(service.record(outcome, of: addresses[ended.peer], at: now))
            }
            ends.removeAll { $0.end <= Double(millisecond) }
            while ends.count < clients {
                let pick = try #require(service.pick(at: now))
                let peer = try #require(addresses.firstIndex(of: pick.peer.address))
                picked[peer] += 1
                ends.append((Double(millisecond) + times[peer], peer))
            }
        }
        return picked
    }

    @Test(arguments: [Policy.leastOutstanding, .peakEWMA], [4, 60])
    mutating func `a slow peer gets fewer picks, and is not forgotten`(policy: Policy, peers: Int) throws {
        let service = try service(policy, Array(repeating: 1, count: peers))
        let times = (0..<peers).map { $0 == 0 ? 100.0 : 10 }
        let picked = try run(service, times: times, clients: 3 * peers, milliseconds: 20_000)
        let other = Double(picked.dropFirst().reduce(0, +)) / Double(peers - 1)
        #expect(Double(picked[0]) < 0.35 * other, "\(picked[0]) against \(other)")
        #expect(picked[0] >= 3)
    }

    @Test(arguments: [Policy.leastOutstanding, .peakEWMA], [1, 2, 30])
    mutating func `a peer of twice the weight gets twice the load, however little there is`(policy: Policy, clients: Int) throws {
        let service = try service(policy, [1, 2])
        let picked = try run(service, times: [20, 20], clients: clients, milliseconds: 40_000)
        let ratio = Double(picked[1]) / Double(picked[0])
        // Of two requests under way, one is always the light peer's where it was drawn and idle.
        #expect((policy == .peakEWMA && clients == 2 ? 0.9...2.3 : 1.7...2.3).contains(ratio), "\(ratio)")
    }

    @Test mutating func `a peer of little weight does not get every request for which it is idle`() throws {
        let service = try service(.leastOutstanding, [1, 100])
        let picked = try run(service, times: [20, 20], clients: 2, milliseconds: 40_000)
        let share = Double(picked[0]) / Double(picked[0] + picked[1])
        #expect((0.004...0.03).contains(share), "\(share)")
    }

    @Test(arguments: [Policy.leastOutstanding, .peakEWMA], [3, 40])
    mutating func `weights too small for arithmetic take no picks from the others, and none go wrong`(policy: Policy, peers: Int) throws {
        let service = try service(policy, [.leastNonzeroMagnitude] + Array(repeating: 65_535, count: peers - 1))
        let picked = try run(service, times: Array(repeating: 10, count: peers), clients: 2 * peers, milliseconds: 5_000)
        #expect(picked[0] < 5_000)
        let (least, most) = (picked.dropFirst().min() ?? 0, picked.dropFirst().max() ?? 0)
        #expect(least > 0 && Double(most) < 1.5 * Double(least), "\(picked)")
    }

    @Test mutating func `a peer that becomes slow loses picks with its first slow answer`() throws {
        let service = try service(.peakEWMA, [1, 1])
        let addresses = service.plan.members.map(\.state.address)
        let now = Moment(milliseconds: 1_000_000)
        for (address, latency) in [(addresses[0], 10.0), (addresses[1], 10.0), (addresses[0], 500)] {
            _ = service.record(Outcome(result: .status(200), latencyMilliseconds: latency, reporter: ""), of: address, at: now)
        }
        for _ in 0..<10 { #expect(service.pick(at: now)?.peer.address == addresses[1]) }
    }

    @Test mutating func `a peer of unknown latency is tried with one request at a time`() throws {
        let service = try service(.peakEWMA, [1, 1, 1, 1])
        let addresses = service.plan.members.map(\.state.address)
        let now = Moment(milliseconds: 1_000_000)
        for address in addresses.dropFirst() {
            _ = service.record(Outcome(result: .status(200), latencyMilliseconds: 10, reporter: ""), of: address, at: now)
        }
        var toUnknown = 0
        for _ in 0..<1000 {
            guard let pick = service.pick(at: now) else { continue }
            if pick.peer.address == addresses[0] {
                toUnknown += 1
            } else {
                _ = service.record(Outcome(result: .status(200), latencyMilliseconds: 10, reporter: ""), of: pick.peer.address, at: now)
            }
        }
        #expect(toUnknown == 1)
    }

    // MARK: - Failures and losses

    /// A thousand picks a second, each of which takes 20 ms; what becomes of those of the first peer is up to `outcome`.
    ///
    /// - Parameter reportsOthers: whether outcomes of as many picks by another replica are reported here as well.
    /// - Returns: the first peer's share.
    private func runOpenLoop(
        _ service: ServiceState,
        seconds: Int,
        reportsOthers: Bool = false,
        _ outcome: (_ number: Int) -> (outcome: Outcome?, after: Int)
    ) throws -> Double {
        let addresses = service.plan.members.map(\.state.address)
        var due: [[(peer: PeerAddress, outcome: Outcome)]] = Array(repeating: [], count: 1000)
        var toFirst = 0
        for millisecond in 0..<(seconds * 1000) {
            let now = Moment(milliseconds: 1_000_000 + UInt64(millisecond))
            for (peer, outcome) in due[millisecond % 1000] { _ = service.record(outcome, of: peer, at: now) }
            due[millisecond % 1000] = []
            if reportsOthers {
                let outcome = Outcome(result: .status(200), latencyMilliseconds: 20, reporter: "")
                _ = service.record(outcome, of: addresses[millisecond % addresses.count], at: now)
            }
            let peer = try #require(service.pick(at: now)).peer.address
            var ended: (outcome: Outcome?, after: Int) = (Outcome(result: .status(200), latencyMilliseconds: 20, reporter: ""), 20)
            if peer == addresses[0] {
                toFirst += 1
                ended = outcome(toFirst)
            }
            if let outcome = ended.outcome { due[(millisecond + ended.after) % 1000].append((peer, outcome)) }
        }
        return Double(toFirst) / Double(seconds * 1000)
    }

    @Test(arguments: [1, nil] as [Double?], [2, 10])
    mutating func `a peer that refuses everything at once does not look like the best of all`(latency: Double?, peers: Int) throws {
        let service = try service(.peakEWMA, Array(repeating: 1, count: peers))
        // It was well for ten seconds, or nothing is known of it.
        let share = try runOpenLoop(service, seconds: 10) { _ in (Outcome(result: .error(.connect), latencyMilliseconds: latency, reporter: ""), 1) }
        #expect(share < 0.02, "\(share)")
        let other = try self.service(.peakEWMA, Array(repeating: 1, count: peers))
        let fair = 1 / Double(peers)
        let later = try runOpenLoop(other, seconds: 20) { number in
            number < Int(10_000 * fair)
                ? (Outcome(result: .status(200), latencyMilliseconds: 20, reporter: ""), 20)
                : (Outcome(result: .error(.connect), latencyMilliseconds: latency, reporter: ""), 1)
        }
        // Half of the time its fair share, then next to nothing.
        #expect(later < 0.5 * fair + 0.15, "\(later)")
    }

    @Test(arguments: [Policy.leastOutstanding, .peakEWMA], [(100, 0.27), (10, 0.2), (2, 0.08)])
    mutating func `a peer whose reports are lost in part is picked all the same`(policy: Policy, loss: (everyNth: Int, share: Double)) throws {
        let service = try service(policy, [1, 1, 1])
        let share = try runOpenLoop(service, seconds: 30) { number in
            (number % loss.everyNth == 0 ? nil : Outcome(result: .status(200), latencyMilliseconds: 20, reporter: ""), 20)
        }
        #expect((loss.share...0.4).contains(share), "\(share)")
    }

    @Test(arguments: [Policy.leastOutstanding, .peakEWMA])
    mutating func `reports that come from another replica favour nobody`(policy: Policy) throws {
        let service = try service(policy, [1, 1, 1])
        let outcome = Outcome(result: .status(200), latencyMilliseconds: 20, reporter: "")
        let share = try runOpenLoop(service, seconds: 30, reportsOthers: true) { _ in (outcome, 20) }
        #expect((0.3...0.37).contains(share), "\(share)")
    }

    @Test mutating func `picks are counted as under way while a policy or a key asks for it, and no longer`() throws {
        let service = try service(.weightedRoundRobin, [1, 1])
        let peer = service.plan.members[0].state
        #expect(service.outstanding(of: peer, at: .second(100)) == nil)
        _ = service.pick(.init(key: 7), at: .second(100))
        service.recountLoad(at: .second(160))
        #expect(service.outstanding(of: peer, at: .second(160)) != nil)
        service.recountLoad(at: .second(161))
        #expect(service.outstanding(of: peer, at: .second(161)) == nil)
        func publish(_ policy: Policy) {
            let plan = Plan(members: service.plan.members, policy: policy, isStale: false, index: 2, previous: service.plan)
            service.publish(plan, using: &generator)
        }
        publish(.leastOutstanding)
        service.recountLoad(at: .second(500))
        #expect(service.outstanding(of: peer, at: .second(500)) != nil)
        // What was leased is given back also when nobody counts any more.
        let leased = try #require(service.pick(.init(leaseSeconds: 300), at: .second(500)).first).peer
        publish(.random)
        service.recountLoad(at: .second(501))
        #expect(service.outstanding(of: leased, at: .second(501)) == nil)
        _ = service.record(Outcome(result: .status(200), reporter: ""), of: leased.address, at: .second(502))
        #expect(leased.load.outstanding(at: .second(502)) == 0)
    }

    @Test(arguments: [Policy.leastOutstanding, .peakEWMA])
    mutating func `outcomes that are lost starve nobody for long`(policy: Policy) throws {
        let service = try service(policy, [1, 1, 1])
        let addresses = service.plan.members.map(\.state.address)
        var picked: [PeerAddress: Int] = [:]
        for number in 0..<120_000 {
            let now = Moment(milliseconds: 1_000_000 + UInt64(number))
            let address = try #require(service.pick(at: now)).peer.address
            picked[address, default: 0] += 1
            // Of one peer every second outcome goes to another replica.
            if address == addresses[0], number % 2 == 0 { continue }
            _ = service.record(Outcome(result: .status(200), latencyMilliseconds: 5, reporter: ""), of: address, at: now)
        }
        #expect(picked[addresses[0], default: 0] > 400, "\(picked)")
    }

    @Test(arguments: [Policy.leastOutstanding, .peakEWMA])
    mutating func `a peer that hangs is tried a few times only`(policy: Policy) throws {
        let service = try service(policy, [1, 1, 1])
        let addresses = service.plan.members.map(\.state.address)
        var tried = 0
        for number in 0..<13_000 {
            let now = Moment(milliseconds: 1_000_000 + UInt64(number))
            let address = try #require(service.pick(at: now)).peer.address
            // After ten seconds one of them answers no more, for three seconds.
            if address == addresses[0], number >= 10_000 {
                tried += 1
                continue
            }
            _ = service.record(Outcome(result: .status(200), latencyMilliseconds: 5, reporter: ""), of: address, at: now)
        }
        #expect((1...25).contains(tried), "\(tried)")
    }

    // MARK: - Leases

    @Test mutating func `a lease counts as outstanding until it is reported or over`() throws {
        let service = try service(.leastOutstanding, [1, 1])
        let states = service.plan.members.map(\.state)
        let start = Moment(milliseconds: 1_000_000)
        _ = service.pick(.init(count: 20, leaseSeconds: 5), at: start)
        #expect(states.map { $0.load.outstanding(at: start) } == [10, 10])
        for _ in 0..<4 { _ = service.record(Outcome(result: .status(200), reporter: ""), of: states[0].address, at: start) }
        #expect(states.map { $0.load.outstanding(at: start) } == [6, 10])
        service.endLeases(at: Moment(milliseconds: 1_004_999))
        #expect(states.map { $0.load.outstanding(at: Moment(milliseconds: 1_004_999)) } == [6, 10])
        let end = Moment(milliseconds: 1_005_000)
        service.endLeases(at: end)
        #expect(states.map { $0.load.outstanding(at: end) } == [0, 0])
        service.endLeases(at: end)
        #expect(service.load.outstanding(at: end) == 0)
    }

    @Test mutating func `picks of a lease do not fade, though the peers are known to be fast`() throws {
        let service = try service(.leastOutstanding, [1, 1])
        let states = service.plan.members.map(\.state)
        let start = Moment(milliseconds: 1_000_000)
        let outcome = Outcome(result: .status(200), latencyMilliseconds: 1, reporter: "")
        for state in states { _ = service.record(outcome, of: state.address, at: start) }
        _ = service.pick(.init(count: 20, leaseSeconds: 90), at: start)
        let later = Moment(milliseconds: 1_080_000)
        #expect(states.map { $0.load.outstanding(at: later) } == [10, 10])
        // Nothing was picked or reported for so long that statistics are freed: leases are not.
        service.settle()
        service.freeIdleStatistics(at: later.second)
        for _ in 0..<3 { _ = service.record(outcome, of: states[1].address, at: later) }
        #expect(states.map { $0.load.outstanding(at: later) } == [10, 7])
        service.endLeases(at: Moment(milliseconds: 1_090_000))
        #expect(states.map { $0.load.outstanding(at: Moment(milliseconds: 1_090_000)) } == [0, 0])
    }

    @Test mutating func `the end of a lease takes back no picks of another one`() throws {
        let service = try service(.leastOutstanding, [1])
        let state = service.plan.members[0].state
        let start = Moment(milliseconds: 1_000_000)
        _ = service.pick(.init(count: 8, leaseSeconds: 2), at: start)
        _ = service.pick(.init(count: 8, leaseSeconds: 4), at: start)
        for _ in 0..<4 { _ = service.record(Outcome(result: .status(200), reporter: ""), of: state.address, at: start) }
        let (first, second) = (Moment(milliseconds: 1_002_000), Moment(milliseconds: 1_004_000))
        service.endLeases(at: first)
        #expect(state.load.outstanding(at: first) == 8)
        service.endLeases(at: second)
        #expect(state.load.outstanding(at: second) == 0)
    }

    // MARK: - Keys

    @Test(arguments: Policy.allCases)
    mutating func `a key goes to the same peer under every policy`(policy: Policy) throws {
        let service = try service(policy, Array(repeating: 1, count: 20))
        let reference = try self.service(.consistentHash, Array(repeating: 1, count: 20))
        let now = Moment(milliseconds: 1_000_000)
        for key in 0..<200 {
            let hash = StableHash.hash("key-\(key)".utf8)
            let expected = try #require(reference.pick(.init(key: hash), at: now).first).peer.address
            #expect(service.pick(.init(count: 3, key: hash), at: now).map(\.peer.address) == [expected, expected, expected])
        }
        #expect(service.picks(window: 60, before: now.second + 1) == 600)
    }

    @Test mutating func `without outcomes a key stays with its peer, however often it is picked`() throws {
        let service = try service(.consistentHash, [1, 1, 1, 1])
        let now = Moment(milliseconds: 1_000_000)
        let picks = service.pick(.init(count: 500, key: 42), at: now)
        #expect(Set(picks.map(\.peer.address)).count == 1)
    }

    @Test mutating func `while outcomes come no peer has over five quarters of its share outstanding`() throws {
        let service = try service(.consistentHash, [1, 1, 1, 2])
        let members = service.plan.members
        let now = Moment(milliseconds: 1_000_000)
        _ = service.record(Outcome(result: .status(200), reporter: ""), of: members[0].state.address, at: now)
        // One key that everybody wants.
        _ = service.pick(.init(count: 500, key: 42), at: now)
        let outstanding = members.map { Double($0.state.load.outstanding(at: now)) }
        #expect(outstanding.reduce(0, +) == 500)
        for (count, member) in zip(outstanding, members) { #expect(count <= (1.25 * 501 * member.effectiveWeight / 5).rounded(.up)) }
        // Ten seconds after the last outcome nobody knows who is busy.
        let later = Moment(milliseconds: 1_010_001)
        #expect(Set(service.pick(.init(count: 500, key: 42), at: later).map(\.peer.address)).count == 1)
    }

    @Test mutating func `what all peers have outstanding is what each of them has, whatever is lost and whoever leaves`() throws {
        let service = try service(.consistentHash, Array(repeating: 1, count: 20))
        let members = service.plan.members
        func sum(at now: Moment) -> Double { service.plan.members.reduce(0) { $0 + Double($1.state.load.outstanding(at: now)) } }
        for millisecond in 0..<20_000 {
            let now = Moment(milliseconds: 1_000_000 + UInt64(millisecond))
            let peer = members[millisecond % 20].state
            service.load.begin(peer, at: now)
            // Each takes 40 ms, and every third outcome is lost.
            guard millisecond >= 40, millisecond % 3 > 0 else { continue }
            _ = service.record(Outcome(result: .status(200), latencyMilliseconds: 40, reporter: ""), of: peer.address, at: now)
        }
        let end = Moment(milliseconds: 1_020_000)
        func total() -> Double { Double(service.load.outstanding(at: end) ?? -1) }
        #expect(sum(at: end) > 20 && abs(total() / sum(at: end) - 1) < 0.15, "\(total()) of \(sum(at: end))")
        let rest = Plan(members: Array(members.dropFirst(10)), policy: .consistentHash, isStale: false, index: 2, previous: service.plan)
        service.publish(rest, using: &generator)
        service.recountLoad(at: end)
        #expect(abs(total() - sum(at: end)) < 0.01)
    }

    @Test mutating func `few requests are no reason to leave the peer of a key`() throws {
        let service = try service(.consistentHash, [1, 1, 1, 1])
        let now = Moment(milliseconds: 1_000_000)
        _ = service.record(Outcome(result: .status(200), reporter: ""), of: service.plan.members[0].state.address, at: now)
        #expect(Set(service.pick(.init(count: 4, key: 7), at: now).map(\.peer.address)).count == 1)
    }

    @Test mutating func `an excluded peer's keys go to the next ones, and come back`() throws {
        let service = try service(.consistentHash, Array(repeating: 1, count: 5))
        let now = Moment(milliseconds: 1_000_000)
        let first = try #require(service.pick(.init(key: 99), at: now).first).peer.address
        let second = try #require(service.pick(.init(key: 99, excluded: [first]), at: now).first)
        #expect(second.peer.address != first && second.flags.isEmpty)
        #expect(service.pick(.init(key: 99, excluded: [first]), at: now).first?.peer === second.peer)
        let all = service.plan.members.map(\.state.address)
        let flagged = try #require(service.pick(.init(key: 99, excluded: all), at: now).first)
        #expect(flagged.peer.address == first && flagged.flags == .excluded)
    }

    // MARK: - All policies

    @Test(arguments: Policy.allCases, [1, 2, 3, 40])
    mutating func `a look at the next picks is what is picked next, and changes nothing`(policy: Policy, peers: Int) throws {
        let service = try service(policy, (1...peers).map { Double($0 % 3 + 1) })
        let now = Moment(milliseconds: 1_000_000)
        for count in [1, 7, 30] {
            let looked = service.pick(.init(count: count, isPreview: true), at: now).map(\.peer.address)
            #expect(service.pick(.init(count: count, isPreview: true), at: now).map(\.peer.address) == looked)
            #expect((0..<count).compactMap { _ in service.pick(at: now)?.peer.address } == looked)
        }
    }

    @Test(arguments: Policy.allCases)
    mutating func `excluded peers are not picked while there are others`(policy: Policy) throws {
        let service = try service(policy, [1, 1, 1])
        let excluded = service.plan.members[1].state.address
        let picks = service.pick(.init(count: 300, excluded: [excluded]), at: .second(1), using: &generator)
        #expect(!picks.contains { $0.peer.address == excluded })
        #expect(Set(picks.map(\.peer.address)).count == 2)
    }

    @Test(arguments: Policy.allCases)
    mutating func `without a peer that may be picked there is no pick`(policy: Policy) throws {
        let service = try service(policy, [0])
        #expect(service.pick(at: .second(1)) == nil)
        for request in [ServiceState.Request(count: 3), .init(key: 5), .init(excluded: [try PeerAddress("10.0.0.1:80")]), .init(isPreview: true)] {
            #expect(service.pick(request, at: .second(1)).isEmpty)
        }
    }

    @Test mutating func `a plan with another policy prepares that, and what is outstanding stays`() throws {
        let service = try service(.leastOutstanding, [1, 1])
        let now = Moment(milliseconds: 1_000_000)
        for _ in 0..<10 { _ = service.pick(at: now) }
        let members = service.plan.members
        for policy in [Policy.random, .weightedRoundRobin, .consistentHash, .peakEWMA, .leastOutstanding] {
            service.publish(Plan(members: members, policy: policy, isStale: false, index: 2, previous: service.plan), using: &generator)
            #expect(service.plan.policy == policy && service.pick(at: now) != nil)
        }
        #expect(members.reduce(0) { $0 + $1.state.load.outstanding(at: now) } >= 10)
    }
}

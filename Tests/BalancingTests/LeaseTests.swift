import TestSupport
import Testing

@testable import Balancing

/// What leases hold, and when they end.
struct LeaseTests {
    private func service(_ policy: Policy, _ weights: [Double], seed: UInt64 = 11) throws -> ServiceState {
        var generator = SeededGenerator(seed: seed)
        let plan = Plan(members: try makeMembers(weights: weights), policy: policy, isStale: false, index: 1, previous: nil)
        return ServiceState(name: "web", plan: plan, using: &generator)
    }

    @Test(arguments: Policy.allCases, [1, 3, 40])
    func `a lease is what as many single picks would have been`(policy: Policy, peers: Int) throws {
        let weights = (1...peers).map { Double($0 % 3 + 1) }
        let (leasing, single) = (try service(policy, weights), try service(policy, weights))
        let now = Moment(milliseconds: 1_000_000)
        for count in [1, 7, 16, 17, 100, 1000] {
            let leased = leasing.pick(.init(count: count, leaseSeconds: 5), at: now)
            let picked = (0..<count).compactMap { _ in single.pick(at: now) }
            #expect(leased.map(\.peer.address) == picked.map(\.peer.address))
            for (one, other) in zip(leasing.plan.members, single.plan.members) {
                #expect(one.state.load.outstanding(at: now) == other.state.load.outstanding(at: now))
            }
        }
        #expect(leasing.picks(window: 60, before: now.second + 1) == single.picks(window: 60, before: now.second + 1))
    }

    @Test func `a lease that begins late in a second lasts as long as it says`() throws {
        let service = try service(.leastOutstanding, [1])
        let state = service.plan.members[0].state
        _ = service.pick(.init(count: 8, leaseSeconds: 5), at: Moment(milliseconds: 1_000_900))
        let early = Moment(milliseconds: 1_005_899)
        service.endLeases(at: early)
        #expect(state.load.outstanding(at: early) == 8)
        let end = Moment(milliseconds: 1_006_000)
        service.endLeases(at: end)
        #expect(state.load.outstanding(at: end) == 0)
    }

    @Test(arguments: [
        (500, 0.4, 1001), (500, 0.5, 1001), (500, 0.6, 1002), (0, 0.05, 1001), (999, 5, 1006), (0, 5, 1005), (0, 120, 1120), (1, 120, 1121),
        (0, 200, 1200), (1, 200, 1203),
    ])
    func `leases end with the second in which they are over`(milliseconds: UInt64, seconds: Double, end: UInt32) throws {
        let peer = PeerState(address: try PeerAddress("10.0.0.1:80"), since: 0)
        var calendar = LeaseCalendar()
        calendar.add(peer, mark: 1, at: Moment(milliseconds: 1_000_000 + milliseconds), lasting: seconds)
        #expect(calendar.takeEnded(by: end - 1).isEmpty)
        #expect(calendar.takeEnded(by: end).map(\.mark) == [1])
    }

    @Test func `a lease that was used up does not end a later one`() throws {
        let service = try service(.leastOutstanding, [1])
        let state = service.plan.members[0].state
        let start = Moment(milliseconds: 1_000_000)
        _ = service.pick(.init(count: 10, leaseSeconds: 90), at: start)
        _ = service.record(Outcome(result: .status(200), count: 10, reporter: ""), of: state.address, at: start)
        // More than a minute without traffic: statistics are freed.
        let later = Moment(milliseconds: 1_080_000)
        service.settle()
        service.freeIdleStatistics(at: later.second)
        _ = service.pick(.init(count: 20, leaseSeconds: 90), at: later)
        let end = Moment(milliseconds: 1_092_000)
        service.endLeases(at: end)
        #expect(state.load.outstanding(at: end) == 20)
        service.endLeases(at: Moment(milliseconds: 1_172_000))
        #expect(state.load.outstanding(at: Moment(milliseconds: 1_172_000)) == 0)
    }

    @Test func `long leases have few ends, none too early and none much too late`() throws {
        let peer = PeerState(address: try PeerAddress("10.0.0.1:80"), since: 0)
        var calendar = LeaseCalendar()
        var ends = 0
        // One each minute of two days.
        for minute in 0..<2880 {
            let now = Moment(milliseconds: 1_000_000_000 + UInt64(minute) * 60_000)
            let ended = calendar.takeEnded(by: now.second)
            #expect(ended.count <= 1)
            for entry in ended {
                ends += 1
                let lasted = now.milliseconds - entry.mark
                #expect((86_400_000...86_400_000 + 1_410_000).contains(lasted))
            }
            calendar.add(peer, mark: now.milliseconds, at: now, lasting: 86400)
        }
        #expect((60...65).contains(ends), "\(ends)")
    }

    @Test func `an end that comes when the numbers have begun anew ends no more than there is`() {
        var balance = LeaseBalance()
        let early = balance.begin(10)
        balance = LeaseBalance()
        _ = balance.begin(4)
        #expect(balance.expire(early) == 4)
        #expect(balance.end(3) == 0)
        #expect(!balance.isOpen)
    }
}

import Balancing
import Testing

struct SlowStartTests {
    private let start = ContinuousClock.now
    private var slowStart = SlowStart()
    private let peers: [PeerAddress]

    init() throws {
        peers = try (1...4).map { try PeerAddress("10.0.0.\($0):80") }
    }

    private func candidates(_ indices: [Int], duration: Double = 50) -> [SlowStart.Candidate] {
        indices.map { SlowStart.Candidate(address: peers[$0], weight: 100, duration: .seconds(duration)) }
    }

    /// The shares of the peers that ramp, by index.
    private mutating func shares(_ indices: [Int], at seconds: Double, duration: Double = 50) -> [Int: Double] {
        let shares = slowStart.update(candidates(indices, duration: duration), at: start + .seconds(seconds))
        return Dictionary(uniqueKeysWithValues: shares.map { share in (peers.firstIndex(of: share.key) ?? -1, share.value) })
    }

    private mutating func settle(_ indices: [Int]) {
        for index in indices { slowStart.startFull(peers[index]) }
        _ = shares(indices, at: 0)
    }

    @Test mutating func `a newcomer ramps from a tenth to its full weight, a step at a time`() {
        settle([0, 1])
        #expect(shares([0, 1, 2], at: 10) == [2: 0.1])
        #expect(shares([0, 1, 2], at: 14.9) == [2: 0.1])
        #expect(shares([0, 1, 2], at: 20.5) == [2: 0.2])
        #expect(slowStart.nextStep(after: start + .seconds(20.5)) == start + .seconds(21))
        #expect(shares([0, 1, 2], at: 35) == [2: 0.5])
        #expect(shares([0, 1, 2], at: 59.5) == [2: 0.98])
        #expect(shares([0, 1, 2], at: 60) == [:])
        #expect(slowStart.nextStep(after: start + .seconds(60)) == nil)
    }

    @Test mutating func `a peer that comes back ramps again`() {
        settle([0, 1, 2])
        _ = shares([0, 1], at: 10)
        #expect(shares([0, 1, 2], at: 20) == [2: 0.1])
        #expect(shares([0, 1, 2], at: 45) == [2: 0.5])
    }

    @Test mutating func `peers of the beginning start full, also when they pass their first check later`() {
        for index in 0..<3 { slowStart.startFull(peers[index]) }
        #expect(shares([0], at: 0) == [:])
        #expect(shares([0, 1], at: 5) == [:])
        #expect(shares([0, 1, 2], at: 9) == [:])
    }

    @Test mutating func `a peer of the beginning that is picked before its first check starts full when it passes one, and not a second time`() {
        func candidates(proven: [Int], unproven: [Int]) -> [SlowStart.Candidate] {
            let indices = proven.map { ($0, true) } + unproven.map { ($0, false) }
            return indices.map { .init(address: peers[$0.0], weight: 100, duration: .seconds(50), isProven: $0.1) }
        }
        func shares(_ candidates: [SlowStart.Candidate], at seconds: Double) -> [PeerAddress: Double] {
            slowStart.update(candidates, at: start + .seconds(seconds))
        }
        for index in 0..<3 { slowStart.startFull(peers[index]) }
        #expect(shares(candidates(proven: [], unproven: [0, 1, 2]), at: 0) == [:])
        // Peer 2 fails its first check, and passes one twenty seconds later.
        #expect(shares(candidates(proven: [0, 1], unproven: []), at: 1) == [:])
        #expect(shares(candidates(proven: [0, 1, 2], unproven: []), at: 20) == [:])
        #expect(shares(candidates(proven: [0, 1], unproven: []), at: 30) == [:])
        #expect(shares(candidates(proven: [0, 1, 2], unproven: []), at: 40) == [peers[2]: 0.1])
    }

    @Test mutating func `a sole peer does not ramp`() {
        #expect(shares([0], at: 0) == [:])
        #expect(shares([0], at: 1) == [:])
    }

    @Test mutating func `when ramping peers hold more than half of the weight all take theirs, and the clocks run on`() {
        settle([0])
        #expect(shares([0, 1, 2], at: 10) == [:])
        slowStart.startFull(peers[3])
        #expect(shares([0, 1, 2, 3], at: 35) == [1: 0.5, 2: 0.5])
    }

    @Test mutating func `no slow start, no ramp`() {
        settle([0, 1])
        #expect(shares([0, 1, 2], at: 10, duration: 0) == [:])
    }

    @Test mutating func `steps are at least a tenth of a second`() {
        settle([0, 1])
        _ = shares([0, 1, 2], at: 10, duration: 1)
        let next = slowStart.nextStep(after: start + .seconds(10))
        #expect(next.map { abs(start.duration(to: $0) / .seconds(1) - 10.1) < 1e-6 } == true)
    }
}

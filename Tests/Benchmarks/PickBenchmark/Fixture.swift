internal import Balancing
import TestSupport

/// Services and weights to measure with: the same in every run.
enum Fixture {
    /// Weights from 1 to 100.
    static func mixedWeights(_ count: Int) -> [Int] {
        var generator = SeededGenerator(seed: 1)
        return (0..<count).map { _ in Int.random(in: 1...100, using: &generator) }
    }

    /// The members of a plan: one peer for each weight.
    static func members(weights: [Int]) -> [PlanMember] {
        weights.enumerated().map { index, weight in
            let text = "10.\(index >> 16 & 255).\(index >> 8 & 255).\(index & 255):8080"
            guard let address = try? PeerAddress(text) else { fatalError("\(text) is not an address") }
            return PlanMember(state: PeerState(address: address, since: 0), value: PeerValue(weight: Double(weight)), source: 0)
        }
    }

    /// A service with one peer for each weight.
    static func service(weights: [Int]) -> ServiceState {
        var generator = SeededGenerator(seed: 2)
        let plan = Plan(members: members(weights: weights), isStale: false, index: 1, previous: nil)
        return ServiceState(name: "web", plan: plan, using: &generator)
    }
}

extension ServiceState {
    /// Picks `count` peers one by one, all in the same second.
    @inline(never)
    func pickRepeatedly(_ count: Int) {
        let now = Moment.second(Timing.second())
        for _ in 0..<count {
            guard pick(at: now) != nil else { fatalError("no peer can be picked") }
        }
    }
}

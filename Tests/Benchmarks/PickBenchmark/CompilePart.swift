internal import Balancing
import TestSupport

/// Compiling a plan from scratch, from members in no order, as tables give them.
struct CompilePart: BenchmarkPart {
    private let cases: [(name: String, members: [PlanMember])] = [100, 10_000].flatMap { count in
        var generator = SeededGenerator(seed: 3)
        return [
            ("compile_us_\(count)_equal", Fixture.members(weights: Array(repeating: 100, count: count)).shuffled(using: &generator)),
            ("compile_us_\(count)_mixed", Fixture.members(weights: Fixture.mixedWeights(count)).shuffled(using: &generator)),
        ]
    }

    func round() -> [Sample] {
        cases.map { name, members in
            let nanoseconds = Timing.processorNanoseconds(operations: 1) {
                let plan = Plan(members: members, isStale: false, index: 1, previous: nil)
                guard plan.eligibleCount == members.count else { fatalError("a peer is missing") }
            }
            return Sample(name: name, value: nanoseconds / 1_000)
        }
    }
}

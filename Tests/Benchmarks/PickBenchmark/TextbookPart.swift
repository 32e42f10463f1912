internal import Balancing

/// A pick among 1,000 peers of mixed weights beside three forms of the textbook loop, on one thread.
struct TextbookPart: BenchmarkPart {
    private let service: ServiceState
    private let nginx: NginxSmoothLoop
    private let linked: LinkedSmoothLoop
    private let flat: FlatSmoothLoop

    init() {
        let weights = Fixture.mixedWeights(1_000)
        let members = Fixture.members(weights: weights)
        service = Fixture.service(weights: weights)
        nginx = NginxSmoothLoop(members)
        linked = LinkedSmoothLoop(members)
        flat = FlatSmoothLoop(members)
        for _ in 0..<10_000 {
            let pick = nginx.pick(at: 0)
            guard pick != nil, linked.pick() === pick, flat.pick() === pick else { fatalError("the loops differ in what they pick") }
        }
    }

    func round() -> [Sample] {
        [
            Sample(name: "pick_ns", value: Timing.processorNanoseconds(operations: 8192) { service.pickRepeatedly(8192) }),
            Sample(name: "nginx_ns", value: Timing.processorNanoseconds(operations: 64) { nginx.pickRepeatedly(64) }),
            Sample(name: "linked_ns", value: Timing.processorNanoseconds(operations: 64) { linked.pickRepeatedly(64) }),
            Sample(name: "flat_ns", value: Timing.processorNanoseconds(operations: 64) { flat.pickRepeatedly(64) }),
        ]
    }
}

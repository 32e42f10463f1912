internal import Balancing

/// A pick among 10 to 10,000 peers of mixed weights, on one thread: it should cost the same.
struct FlatnessPart: BenchmarkPart {
    private let services = [10, 100, 1_000, 10_000].map { (peers: $0, state: Fixture.service(weights: Fixture.mixedWeights($0))) }

    func round() -> [Sample] {
        services.map { service in
            let value = Timing.processorNanoseconds(operations: 8192) { service.state.pickRepeatedly(8192) }
            return Sample(name: "pick_ns_\(service.peers)", value: value)
        }
    }
}

internal import Balancing
internal import Foundation
internal import Synchronization
import TestSupport

/// Picks by 1 to 8 threads, all on one service of 100 peers and spread over 1,000 such services.
struct ThreadsPart: BenchmarkPart {
    private let services: [ServiceState]

    init() {
        let weights = Fixture.mixedWeights(100)
        services = (0..<1_000).map { _ in Fixture.service(weights: weights) }
    }

    func round() -> [Sample] {
        [1, 2, 4, 8].flatMap { threads in
            [1, 1_000].map { count in
                let rate = picksPerSecond(threads: threads, services: Array(services[..<count]))
                return Sample(name: "million_picks_\(threads)_threads_\(count)_services", value: rate / 1e6)
            }
        }
    }

    /// The picks of all threads together, by the clock on the wall.
    private func picksPerSecond(threads: Int, services: [ServiceState]) -> Double {
        let total = PickCounter()
        let start = Timing.monotonicNanoseconds()
        let end = start + 200_000_000
        let finished = DispatchGroup()
        for thread in 0..<threads {
            finished.enter()
            Thread.detachNewThread {
                // Each thread visits the services in an order of its own.
                var generator = SeededGenerator(seed: UInt64(thread))
                let order = services.shuffled(using: &generator)
                var picks = 0
                while Timing.monotonicNanoseconds() < end {
                    picks += Self.pickRepeatedly(1_000, from: order)
                }
                total.picks.add(picks, ordering: .relaxed)
                finished.leave()
            }
        }
        finished.wait()
        return Double(total.picks.load(ordering: .relaxed)) / (Double(Timing.monotonicNanoseconds() - start) / 1e9)
    }

    private static func pickRepeatedly(_ count: Int, from services: [ServiceState]) -> Int {
        let now = Moment.second(Timing.second())
        var index = 0
        for _ in 0..<count {
            guard services[index].pick(at: now) != nil else { fatalError("no peer can be picked") }
            index = index + 1 == services.count ? 0 : index + 1
        }
        return count
    }
}

/// A counter that threads share.
private final class PickCounter: Sendable {
    let picks = Atomic(0)
}

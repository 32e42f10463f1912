internal import TestSupport

/// Each client takes a backend where it has the fewest requests of its own under way; of several a random one.
///
/// It looks at all of them, which does better here than two drawn by lot.
struct ClientLeastOutstanding: Strategy {
    private var backends: [Int]
    /// By client and backend.
    private var outstanding = [[Int]](repeating: Array(repeating: 0, count: Scenario.backends), count: Scenario.clients)
    private var generator: SeededGenerator

    init(_ backends: [Int], seed: UInt64) {
        self.backends = backends
        generator = SeededGenerator(seed: seed)
    }

    mutating func pick(_ request: Scenario.Request) -> Int {
        let own = outstanding[request.client]
        let least = backends.reduce(Int.max) { min($0, own[$1]) }
        let candidates = backends.filter { own[$0] == least }
        let backend = candidates[Int.random(in: candidates.indices, using: &generator)]
        outstanding[request.client][backend] += 1
        return backend
    }

    mutating func end(_ request: Scenario.Request, of backend: Int, _ ending: Ending, at now: Microseconds) {
        outstanding[request.client][backend] -= 1
    }

    mutating func join(_ backend: Int, at now: Microseconds) {
        backends.append(backend)
    }
}

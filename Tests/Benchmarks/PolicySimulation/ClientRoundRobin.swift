internal import TestSupport

/// Each client goes through all backends in turn, from a place of its own on, whatever became of its requests.
struct ClientRoundRobin: Strategy {
    private var backends: [Int]
    private var places: [Int]

    init(_ backends: [Int], seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        self.backends = backends
        places = (0..<Scenario.clients).map { _ in Int.random(in: backends.indices, using: &generator) }
    }

    mutating func pick(_ request: Scenario.Request) -> Int {
        let place = places[request.client]
        places[request.client] = (place + 1) % backends.count
        return backends[place]
    }

    mutating func end(_ request: Scenario.Request, of backend: Int, _ ending: Ending, at now: Microseconds) {}

    mutating func join(_ backend: Int, at now: Microseconds) {
        backends.append(backend)
    }
}

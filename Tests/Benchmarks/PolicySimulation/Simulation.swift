internal import HeapModule

/// One run of a scenario with a strategy, event by event.
struct Simulation<S: Strategy> {
    /// What a backend does at a time.
    private struct Event: Comparable {
        let time: Microseconds
        let request: Int
        let isRefusal: Bool

        static func < (left: Event, right: Event) -> Bool { (left.time, left.request) < (right.time, right.request) }
    }

    private let scenario: Scenario
    private var strategy: S
    private var backends: [Backend]
    private var events = Heap<Event>()
    /// The backend of each request that has begun.
    private var choices: [Int]
    private var hasEnded: [Bool]
    private var measurement = Measurement()

    init(_ scenario: Scenario, _ strategy: S) {
        self.scenario = scenario
        self.strategy = strategy
        backends = scenario.backends.map { Backend(kind: $0, flapStart: scenario.flapStart) }
        choices = Array(repeating: 0, count: scenario.requests.count)
        hasEnded = Array(repeating: false, count: scenario.requests.count)
    }

    /// Runs until the last request has ended.
    mutating func run() -> Measurement {
        var nextArrival = 0
        var nextTimeout = 0
        var nextJoin = Scenario.join
        while nextTimeout < scenario.requests.count {
            let arrival = nextArrival < scenario.requests.count ? scenario.requests[nextArrival].time : .max
            let timeout = scenario.requests[nextTimeout].time + Scenario.clientTimeout
            let event = events.min?.time ?? .max
            let now = min(arrival, timeout, event, strategy.deadline, nextJoin)
            if now == nextJoin {
                for (index, kind) in scenario.backends.enumerated() where kind == .cold { strategy.join(index, at: now) }
                nextJoin = .max
            } else if now == strategy.deadline {
                strategy.advance(to: now)
            } else if now == event {
                handle(events.removeMin())
            } else if now == timeout {
                end(nextTimeout, .timeout, at: now)
                nextTimeout += 1
            } else {
                arrive(nextArrival)
                nextArrival += 1
            }
        }
        return measurement
    }

    private mutating func arrive(_ request: Int) {
        let (time, size) = (scenario.requests[request].time, scenario.requests[request].size)
        let backend = strategy.pick(scenario.requests[request])
        choices[request] = backend
        switch backends[backend].receive(request, size: size, at: time) {
        case .started(let end): events.insert(Event(time: end, request: request, isRefusal: false))
        case .queued: break
        case .refused: events.insert(Event(time: time + Backend.refusal, request: request, isRefusal: true))
        }
    }

    private mutating func handle(_ event: Event) {
        end(event.request, event.isRefusal ? .refusal : .success, at: event.time)
        guard !event.isRefusal, let next = backends[choices[event.request]].finish(at: event.time) else { return }
        events.insert(Event(time: next.end, request: next.request, isRefusal: false))
    }

    /// Ends a request for its client, if that has not been.
    private mutating func end(_ index: Int, _ ending: Ending, at now: Microseconds) {
        guard !hasEnded[index] else { return }
        hasEnded[index] = true
        let request = scenario.requests[index]
        strategy.end(request, of: choices[index], ending, at: now)
        if request.time >= Scenario.warmUp { measurement.add(ending, latency: now - request.time) }
    }
}

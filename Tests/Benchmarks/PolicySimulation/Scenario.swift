internal import Glibc
internal import TestSupport

/// A time of the simulation, or a length of time.
typealias Microseconds = Int

/// One fleet with its troubles, and every request that its clients will make: the same for all strategies.
struct Scenario {
    static let backends = 20
    static let clients = 100
    /// How many requests a backend serves at once; more wait in its queue, up to ``queueLimit``.
    static let workers = 4
    static let queueLimit = 40
    static let meanService: Microseconds = 20_000
    /// The standard deviation of a service time's logarithm.
    static let serviceSpread = 0.8
    /// What is asked for, of what all backends can do.
    static let load = 0.65
    /// When a client gives up; the backend does not notice.
    static let clientTimeout: Microseconds = 1_000_000
    static let length: Microseconds = 240_000_000
    /// Requests that begin before this are not measured.
    static let warmUp: Microseconds = 10_000_000
    /// When the cold backend joins.
    static let join: Microseconds = 60_000_000

    /// All of it in words.
    static var description: String {
        """
        \(backends) backends of equal weight with \(workers) workers and a queue of \(queueLimit) each; log-normal service times (mean \
        \(meanService / 1000) ms, sigma \(serviceSpread)). One is slow (x \(Backend.slowness)), one flaps (fails within \
        \(Backend.refusal / 1000) ms for \((Backend.flapPeriod - Backend.flapGood) / second) s of every \(Backend.flapPeriod / second) s), one has \
        half of the workers, one joins cold after \(join / second) s (x \(Backend.coldness), falling to x 1 in \(Backend.warming / second) s). \
        \(clients) clients, Poisson arrivals at \(load) of the capacity, time-out \(clientTimeout / second) s, no retries; reports arrive at once. A client \
        alone looks at all backends for the least outstanding of its own requests. \
        \((length - warmUp) / second) s are measured. Failures (refused, timed out) count as errors, and not in p50 and p99.
        """
    }

    private static let second: Microseconds = 1_000_000

    /// One request of a client.
    struct Request {
        let time: Microseconds
        let client: Int
        /// How long it takes, as a multiple of its backend's mean.
        let size: Double
        let key: UInt64
    }

    /// The backends by their index. Who has which trouble is drawn by lot, because some strategies depend on the order.
    let backends: [Backend.Kind]
    /// The requests in the order of their times.
    let requests: [Request]
    /// When the flapping backend's first good time began.
    let flapStart: Microseconds

    /// Makes the scenario that has this seed; `isHealthy`: nobody has a trouble.
    init(seed: UInt64, isHealthy: Bool) {
        var generator = SeededGenerator(seed: seed)
        var backends = [Backend.Kind](repeating: .ordinary, count: Self.backends)
        if !isHealthy { backends.replaceSubrange(0..<4, with: [.slow, .flapping, .halfCapacity, .cold]) }
        backends.shuffle(using: &generator)
        self.backends = backends
        flapStart = -Int.random(in: 0..<Backend.flapPeriod, using: &generator)

        let capacity = backends.reduce(0) { $0 + $1.capacity } * Double(Self.workers) / Double(Self.meanService)
        let meanGap = 1 / (capacity * Self.load)
        var requests: [Request] = []
        var time = 0.0
        while true {
            // All clients together, each of them a Poisson process, are one.
            time -= meanGap * log(1 - Double.random(in: 0..<1, using: &generator))
            guard time < Double(Self.length) else { break }
            requests.append(
                Request(
                    time: Int(time),
                    client: Int.random(in: 0..<Self.clients, using: &generator),
                    size: exp(Self.serviceSpread * Self.normal(using: &generator) - Self.serviceSpread * Self.serviceSpread / 2),
                    key: generator.next()
                )
            )
        }
        self.requests = requests
    }

    /// A standard normal variate, as Box and Muller draw it.
    private static func normal(using generator: inout SeededGenerator) -> Double {
        let radius = sqrt(-2 * log(1 - Double.random(in: 0..<1, using: &generator)))
        return radius * cos(2 * Double.pi * Double.random(in: 0..<1, using: &generator))
    }
}

internal import DequeModule

/// A server of the simulated fleet: some workers, and a queue in front of them.
struct Backend {
    /// What is special about a backend.
    enum Kind {
        case ordinary
        /// Every request takes ``slowness`` times as long.
        case slow
        /// Fails at once for the last third of every ``flapPeriod``.
        case flapping
        /// Has half of the workers.
        case halfCapacity
        /// Joins late, and is slow at first.
        case cold

        /// What it can do, as a share of what an ordinary one can.
        var capacity: Double {
            switch self {
            case .ordinary, .flapping, .cold: 1
            case .slow: 1 / slowness
            case .halfCapacity: 0.5
            }
        }
    }

    static let slowness = 3.0
    static let flapPeriod: Microseconds = 30_000_000
    static let flapGood: Microseconds = 20_000_000
    /// How much longer requests take when the cold backend joins, and when that is over.
    static let coldness = 5.0
    static let warming: Microseconds = 20_000_000
    /// How long a refusal takes.
    static let refusal: Microseconds = 1_000

    /// What becomes of a request that arrives.
    enum Reception {
        /// It ends at this time.
        case started(end: Microseconds)
        case queued
        case refused
    }

    let kind: Kind
    private let flapStart: Microseconds
    private var idle: Int
    private var queue = Deque<(request: Int, size: Double)>()

    init(kind: Kind, flapStart: Microseconds) {
        self.kind = kind
        self.flapStart = flapStart
        idle = kind == .halfCapacity ? Scenario.workers / 2 : Scenario.workers
    }

    /// Takes a request.
    mutating func receive(_ request: Int, size: Double, at now: Microseconds) -> Reception {
        if isFailing(at: now) { return .refused }
        if idle > 0 {
            idle -= 1
            return .started(end: now + serviceTime(size, at: now))
        }
        guard queue.count < Scenario.queueLimit else { return .refused }
        queue.append((request, size))
        return .queued
    }

    /// Ends a request.
    ///
    /// - Returns: the one that is begun instead.
    mutating func finish(at now: Microseconds) -> (request: Int, end: Microseconds)? {
        guard let (request, size) = queue.popFirst() else {
            idle += 1
            return nil
        }
        return (request, now + serviceTime(size, at: now))
    }

    private func isFailing(at now: Microseconds) -> Bool {
        kind == .flapping && (now - flapStart) % Self.flapPeriod >= Self.flapGood
    }

    private func serviceTime(_ size: Double, at now: Microseconds) -> Microseconds {
        Int(Double(Scenario.meanService) * size * factor(at: now))
    }

    private func factor(at now: Microseconds) -> Double {
        switch kind {
        case .ordinary, .flapping, .halfCapacity: 1
        case .slow: Self.slowness
        case .cold: max(1, Self.coldness - (Self.coldness - 1) * Double(now - Scenario.join) / Double(Self.warming))
        }
    }
}

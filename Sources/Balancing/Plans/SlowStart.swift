/// The ramps of one service: peers that came or came back lately, and the share of their weight that they take.
///
/// A pure value. A ramping peer takes weight x max(0.1, elapsed / slow_start), in steps of a fiftieth of `slow_start` and at
/// least 0.1 s, so that a plan stands for a whole step. The ramp starts when a peer becomes eligible in a service that has
/// another eligible peer. Peers that were there from the beginning start full: there is no one to spare them.
package struct SlowStart: Sendable {
    package typealias Instant = ContinuousClock.Instant

    /// The share of its weight that a peer takes at least.
    private static let floor = 0.1
    private static let stepsInRamp = 50.0
    private static let shortestStep = Duration.milliseconds(100)

    private struct Ramp {
        let start: Instant
        let duration: Duration

        var step: Duration { max(duration / stepsInRamp, shortestStep) }

        /// The share at a time; `nil` when the ramp is over.
        func share(at now: Instant) -> Double? {
            let elapsed = start.duration(to: now)
            guard elapsed < duration else { return nil }
            let steps = (elapsed / step).rounded(.down)
            return max(floor, steps * (step / duration))
        }

        /// When the share next changes.
        func nextStep(after now: Instant) -> Instant {
            let steps = (start.duration(to: now) / step).rounded(.down) + 1
            return min(start + step * steps, start + duration)
        }
    }

    private var ramps: [PeerAddress: Ramp] = [:]
    private var eligible: Set<PeerAddress> = []
    /// Peers that start full until they are proven.
    private var startsFull: Set<PeerAddress> = []

    /// Makes ramps of nobody.
    package init() {}

    /// A peer that is eligible now.
    package struct Candidate: Sendable {
        let address: PeerAddress
        let weight: Double
        let duration: Duration
        let isProven: Bool

        /// Makes a candidate.
        ///
        /// - Parameters:
        ///   - duration: how long it ramps; zero: it never does.
        ///   - isProven: whether it has passed its first check, or is not probed.
        package init(address: PeerAddress, weight: Double, duration: Duration, isProven: Bool = true) {
            self.address = address
            self.weight = weight
            self.duration = duration
            self.isProven = isProven
        }
    }

    /// Lets a peer start full: the first time it is eligible, and where it is probed also with its first check that passes, however late.
    package mutating func startFull(_ peer: PeerAddress) {
        startsFull.insert(peer)
    }

    /// Forgets a peer that is gone: should it come back, it is new.
    package mutating func forget(_ peer: PeerAddress) {
        startsFull.remove(peer)
        eligible.remove(peer)
        ramps[peer] = nil
    }

    /// Takes the peers that are eligible now, and says which share of its weight each ramping one takes.
    ///
    /// When ramping peers hold more than half of the weight all take their full weight; the ramps run on.
    package mutating func update(_ candidates: [Candidate], at now: Instant) -> [PeerAddress: Double] {
        let hasOthers = candidates.count > 1
        for candidate in candidates where !eligible.contains(candidate.address) {
            if !startsFull.contains(candidate.address), hasOthers, candidate.duration > .zero {
                ramps[candidate.address] = Ramp(start: now, duration: candidate.duration)
            }
        }
        if !startsFull.isEmpty {
            for candidate in candidates where candidate.isProven { startsFull.remove(candidate.address) }
        }
        eligible = Set(candidates.lazy.map(\.address))
        ramps = ramps.filter { eligible.contains($0.key) && $0.value.share(at: now) != nil }
        guard !ramps.isEmpty else { return [:] }
        let weight = candidates.reduce(0) { $0 + $1.weight }
        let rampingWeight = candidates.reduce(0) { $0 + (ramps[$1.address] == nil ? 0 : $1.weight) }
        guard rampingWeight <= weight / 2 else { return [:] }
        return ramps.compactMapValues { $0.share(at: now) }
    }

    /// When a share next changes; `nil`: none does.
    package func nextStep(after now: Instant) -> Instant? {
        ramps.values.map { $0.nextStep(after: now) }.min()
    }
}

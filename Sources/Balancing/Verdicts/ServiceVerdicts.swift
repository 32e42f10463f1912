/// What is known for and against the peers of one service: the active and the passive verdict of each, kept apart.
///
/// A pure value. Verdicts are keyed by address and do not depend on membership: they survive flaps, resyncs and swaps.
package struct ServiceVerdicts: Sendable {
    package typealias Instant = ContinuousClock.Instant

    struct Verdict {
        var active = ActiveVerdict()
        var ejection: Ejection?
        var history = EjectionHistory()
        /// When its health last changed; `nil`: never.
        var since: Double?
        var refusedUntil: Instant?
        /// What plans show, made anew only when it changes.
        var shown: ShownVerdict?

        var health: Health {
            if ejection != nil { return .ejected }
            return active.isHealthy.map { $0 ? .healthy : .unhealthy } ?? .unchecked
        }

        var reason: String {
            ejection.map { "ejected: \($0.finding.description)" } ?? active.reason
        }
    }

    private(set) var verdicts: [PeerAddress: Verdict] = [:]
    /// When the ejections end that there are.
    private var ejectionEnds: [PeerAddress: Instant] = [:]
    /// Peers that came back and whose ejections still make a next one longer.
    var readmitted: Set<PeerAddress> = []

    /// Makes verdicts about nobody.
    package init() {}

    /// What is said of a peer; `nil` when nothing ever was.
    package func shown(_ peer: PeerAddress) -> ShownVerdict? {
        verdicts[peer]?.shown
    }

    mutating func set(_ verdict: Verdict, of peer: PeerAddress) {
        var verdict = verdict
        verdict.shown = ShownVerdict(
            health: verdict.health,
            reason: verdict.reason,
            since: verdict.since,
            activeIsHealthy: verdict.active.isHealthy,
            ejection: verdict.ejection
        )
        verdicts[peer] = verdict
        ejectionEnds[peer] = verdict.ejection?.end
        if let end = verdict.ejection?.end { nextReadmission = min(nextReadmission ?? end, end) }
    }

    /// When ``readmit(at:wallTime:)`` has something to do; early where an ejection was ended by other means.
    package private(set) var nextReadmission: Instant?
}

// MARK: - Active checks

extension ServiceVerdicts {
    /// Takes the result of a probe.
    package mutating func check(
        _ peer: PeerAddress,
        _ result: CheckResult,
        at now: Instant,
        wallTime: Double,
        settings: HealthCheckSettings,
        logCheck: LogCheckSettings
    ) -> [Transition] {
        var verdict = verdicts[peer] ?? Verdict()
        let from = verdict.health
        let hasChanged = verdict.active.record(result, settings: settings)
        var reason = verdict.active.reason.isEmpty ? "check passed: \(result.description)" : verdict.active.reason
        if logCheck.readmitOnCheck, verdict.ejection != nil, result.passes(settings.okStatuses) {
            verdict.ejection = nil
            verdict.history.end(at: now)
            readmitted.insert(peer)
            reason = "readmitted: check passed: \(result.description)"
        }
        let isNews = verdict.health != from || (hasChanged && from != .ejected)
        if verdict.health != from { verdict.since = wallTime }
        if hasChanged || isNews {
            set(verdict, of: peer)
        } else {
            verdicts[peer] = verdict
        }
        return isNews ? [Transition(peer: peer, from: from, to: verdict.health, reason: reason)] : []
    }

    /// Forgets what active checks said of a peer: nobody probes it any more.
    package mutating func forgetChecks(of peer: PeerAddress, wallTime: Double) -> [Transition] {
        guard var verdict = verdicts[peer], verdict.active.isHealthy != nil else { return [] }
        let from = verdict.health
        verdict.active = ActiveVerdict()
        let isNews = verdict.health != from
        if isNews { verdict.since = wallTime }
        set(verdict, of: peer)
        return isNews ? [Transition(peer: peer, from: from, to: verdict.health, reason: "it is not probed")] : []
    }
}

// MARK: - Log check

extension ServiceVerdicts {
    /// Ejects a peer, unless too many are out already.
    ///
    /// At most floor(`max_ejected` x candidates) are out for either reason, and the last eligible peer stays.
    ///
    /// - Parameters:
    ///   - isEligible: whether the peer may be picked.
    ///   - pool: all candidates, the peer among them; it is left as it is after the ejection.
    /// - Returns: the ejection, or the refusal (once a sweep).
    package mutating func eject(
        _ peer: PeerAddress,
        _ finding: Finding,
        isEligible: Bool,
        from pool: inout EjectionPool,
        at now: Instant,
        wallTime: Double,
        settings: LogCheckSettings,
        using generator: inout some RandomNumberGenerator
    ) -> [Transition] {
        var verdict = verdicts[peer] ?? Verdict()
        guard verdict.ejection == nil else { return [] }
        let from = verdict.health
        let refusal = pool.eject(isOut: verdict.active.isHealthy == false, isEligible: isEligible, maxEjected: settings.maxEjected)
        if let refusal {
            guard verdict.refusedUntil.map({ $0 <= now }) ?? true else { return [] }
            verdict.refusedUntil = now + settings.interval
            set(verdict, of: peer)
            return [Transition(peer: peer, from: from, to: from, reason: "not ejected for \(finding.description): \(refusal)", finding: finding)]
        }
        let duration = verdict.history.begin(at: now, settings: settings, using: &generator)
        verdict.ejection = Ejection(end: now + duration, finding: finding)
        verdict.since = wallTime
        verdict.refusedUntil = nil
        set(verdict, of: peer)
        return [Transition(peer: peer, from: from, to: .ejected, reason: "\(verdict.reason), for \(Self.seconds(duration)) s", finding: finding)]
    }

    /// Ends the ejections that are due.
    package mutating func readmit(at now: Instant, wallTime: Double) -> [Transition] {
        guard let nextReadmission, nextReadmission <= now else { return [] }
        var transitions: [Transition] = []
        for peer in ejectionEnds.filter({ $0.value <= now }).keys {
            guard var verdict = verdicts[peer] else { continue }
            verdict.ejection = nil
            verdict.history.end(at: now)
            readmitted.insert(peer)
            verdict.since = wallTime
            set(verdict, of: peer)
            transitions.append(Transition(peer: peer, from: .ejected, to: verdict.health, reason: "readmitted: its time is over"))
        }
        self.nextReadmission = ejectionEnds.values.min()
        return transitions
    }

    private static func seconds(_ duration: Duration) -> String {
        let tenths = Int((duration / .seconds(0.1)).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}

// MARK: - Forgetting

extension ServiceVerdicts {
    /// Forgets a peer that left long ago; an ejection is kept until it ends.
    package mutating func forget(_ peer: PeerAddress) {
        guard verdicts[peer]?.ejection == nil else { return }
        verdicts[peer] = nil
    }

    /// Forgets a peer in whose place another one has come, whatever was said of it.
    package mutating func replace(_ peer: PeerAddress) {
        verdicts[peer] = nil
        ejectionEnds[peer] = nil
        readmitted.remove(peer)
    }

    /// Whether ``forgetEjections(at:settings:)`` may have something to do.
    package var remembersEjections: Bool { !readmitted.isEmpty }

    /// Forgets ejections that make no next one longer.
    package mutating func forgetEjections(at now: Instant, settings: LogCheckSettings) {
        for peer in readmitted {
            guard let verdict = verdicts[peer], verdict.ejection == nil else {
                readmitted.remove(peer)
                continue
            }
            guard verdict.history.isForgiven(at: now, settings: settings) else { continue }
            readmitted.remove(peer)
            verdicts[peer]?.history = EjectionHistory()
        }
    }
}

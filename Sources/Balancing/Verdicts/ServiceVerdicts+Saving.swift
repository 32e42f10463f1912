/// The verdicts of a service over a restart.
extension ServiceVerdicts {
    /// What is to be kept, by peer.
    ///
    /// - Parameters:
    ///   - now: the time, by the clock of the verdicts.
    ///   - wallTime: the same time in seconds since 1970.
    package func saved(at now: Instant, wallTime: Double) -> [PeerAddress: SavedVerdict] {
        verdicts.mapValues { verdict in
            SavedVerdict(
                since: verdict.since,
                isHealthy: verdict.active.isHealthy,
                reason: verdict.active.reason.isEmpty ? nil : verdict.active.reason,
                ejectedUntil: verdict.ejection.map { wallTime + now.duration(to: $0.end) / .seconds(1) },
                finding: verdict.ejection?.finding,
                ejections: verdict.history.times == 0 ? nil : verdict.history.times,
                readmitted: verdict.history.readmitted.map { wallTime + now.duration(to: $0) / .seconds(1) }
            )
        }
    }

    /// Makes verdicts that were kept. An ejection whose time is over by now ends at the next readmission; none lasts longer from now on than a
    /// longest new one, whatever was done to the clock meanwhile.
    package init(
        restoring saved: [PeerAddress: SavedVerdict],
        at now: Instant,
        wallTime: Double,
        settings: LogCheckSettings
    ) {
        self.init()
        let longest = settings.maxRecover * EjectionHistory.jitter.upperBound
        for (peer, saved) in saved {
            var verdict = Verdict()
            verdict.since = saved.since
            verdict.active = ActiveVerdict(isHealthy: saved.isHealthy, reason: saved.reason ?? "")
            if let end = saved.ejectedUntil, let finding = saved.finding {
                verdict.ejection = Ejection(end: now + min(.seconds(end - wallTime), longest), finding: finding)
            }
            let readmission = saved.readmitted.map { now - .seconds(max(0, wallTime - $0)) }
            verdict.history = EjectionHistory(times: max(0, saved.ejections ?? 0), readmitted: verdict.ejection == nil ? readmission : nil)
            if verdict.history.readmitted != nil { readmitted.insert(peer) }
            set(verdict, of: peer)
        }
    }
}

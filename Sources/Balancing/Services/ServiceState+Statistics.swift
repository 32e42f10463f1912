internal import Synchronization

// MARK: - Picks

extension ServiceState {
    /// Gives the counts of seconds and plans that have ended to the peers. To be called about once a second, and not by a worker:
    /// it takes time in proportion to the peers that were picked.
    package func settle() {
        statistics.withLock { settle(&$0) }
    }

    private func settle(_ statistics: inout Statistics) {
        for ended in picking.withLock({ $0.takeEnded() }) {
            var sum: UInt32 = 0
            for (member, count) in ended.counts.enumerated() where count > 0 {
                let peer = ended.plan.members[member].state
                peer.recordPicks(count, at: ended.second)
                statistics.active[ObjectIdentifier(peer)] = peer
                sum &+= count
            }
            statistics.picks.add(sum, at: ended.second)
            totals.withLock { $0.addPicks(sum) }
        }
    }

    /// The picks of the service in the `window` (1 to 60) complete seconds before `second`.
    ///
    /// Afterwards the peers' own numbers, too, hold all picks of the seconds before `second`.
    package func picks(window: Int, before second: UInt32) -> UInt64 {
        statistics.withLock { statistics in
            picking.withLock { $0.enter(second) }
            settle(&statistics)
            return statistics.picks.sum(window: window, before: second)
        }
    }

    /// The picks since the service came, all but those of the running second, and the outcomes.
    package func totals(at second: UInt32) -> TrafficTotals {
        statistics.withLock { statistics in
            picking.withLock { $0.enter(second) }
            settle(&statistics)
            return totals.withLock { $0 }
        }
    }
}

// MARK: - Outcomes

extension ServiceState {
    /// Counts a reported outcome of a peer.
    ///
    /// - Returns: whether the service has that peer; an outcome of another one leaves no trace.
    package func record(_ outcome: Outcome, of address: PeerAddress, at now: Moment) -> Bool {
        guard let peer = picking.withLock({ $0.plan.state(of: address) }) else { return false }
        let settings = self.settings.logCheck
        let (isFirst, leased, finding) = peer.record(outcome, at: now.second, settings: settings)
        // What was leased is given back whoever counts.
        if leased > 0 || isTrackingLoad.load(ordering: .relaxed) {
            load.end(peer, outcome, leased: leased, isFailure: outcome.result.isFailure(settings.failureStatuses), at: now)
        }
        totals.withLock { $0.record(outcome) }
        if isFirst { statistics.withLock { $0.active[ObjectIdentifier(peer)] = peer } }
        if let finding { signal(.run(service: name, peer: peer, finding)) }
        if settings.isEnabled, !isWatched.load(ordering: .relaxed), !isWatched.exchange(true, ordering: .acquiringAndReleasing) {
            signal(.outcomesBegan(service: name))
        }
        return true
    }

    /// Ends the sweeps of a service without evidence; the next outcome asks for them again.
    package func endWatch() {
        isWatched.store(false, ordering: .releasing)
    }

    /// Watches on when evidence is left, also from an outcome that came while the watch ended.
    ///
    /// - Returns: whether the service is watched.
    package func resumesWatch(at second: UInt32) -> Bool {
        guard plan.members.contains(where: { $0.state.hasEvidence(at: second) }) else { return false }
        isWatched.store(true, ordering: .releasing)
        return true
    }

    /// The outcomes of the service in the `window` (1 to 60) complete seconds before `second`, those of peers that left lately too.
    package func outcomes(window: Int, before second: UInt32) -> OutcomeCounts {
        activePeers.reduce(into: OutcomeCounts()) { $1.addOutcomes(to: &$0, window: window, before: second) }
    }

    /// Peers with recent traffic.
    package var activePeers: [PeerState] { statistics.withLock { Array($0.active.values) } }
}

// MARK: - Transitions

extension ServiceState {
    /// Counts what has changed of what is said of its peers.
    package func record(_ transitions: [Transition]) {
        guard !transitions.isEmpty else { return }
        statistics.withLock { statistics in
            for transition in transitions { statistics.transitions.record(transition) }
        }
    }

    /// What has changed since the service came.
    package var transitionTotals: TransitionTotals { statistics.withLock { $0.transitions } }
}

// MARK: - Memory

extension ServiceState {
    /// Frees the statistics and prepared answers of peers, and of the service, that had no traffic in the last minute.
    package func freeIdleStatistics(at second: UInt32) {
        statistics.withLock { statistics in
            picking.withLock { $0.enter(second) }
            settle(&statistics)
            statistics.active = statistics.active.filter { !$0.value.freeIfIdle(at: second) }
            if statistics.picks.isIdle(at: second) { statistics.picks = SecondRing() }
        }
    }
}

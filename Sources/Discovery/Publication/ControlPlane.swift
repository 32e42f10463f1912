package import Balancing
internal import Glibc
package import Logging

/// The one owner of what the sources say and of the verdicts on peers: it compiles plans and publishes them to picks.
///
/// Data flows one way through it: sources deliver to their ``SourceFeed``, probes and reports bring what they saw, plans go to
/// the ``ServiceDirectory``, what changed to the ``EventLog``. What is decided, and when, is in pure values (``SourceTable``,
/// ``PublicationSchedule``, ``DeadlineQueue``, ``ServiceRecord``); this actor gives them the time and carries out what they say.
package actor ControlPlane {
    typealias Instant = ContinuousClock.Instant

    /// How long publishing goes on before deliveries that wait get their turn.
    private static let longestTurn = Duration.milliseconds(2)

    /// The sources, in order of preference.
    package nonisolated let monitors: [SourceMonitor]
    /// Where plans are published.
    package nonisolated let directory: ServiceDirectory
    /// What happened lately.
    package nonisolated let events = EventLog()
    let sources: [SourceDescription]
    private var combine: Combine
    private var staleAfter: Duration?
    let clock: ServerClock
    let logger: Logger

    var tables: [SourceTable]
    var records: [String: ServiceRecord] = [:]
    var schedule = PublicationSchedule(now: .now)
    private var deadlines = DeadlineQueue()
    private var settings: @Sendable (_ service: String) -> ServiceSettings
    private let checkTargets: @Sendable (CheckTargets) -> Void
    /// The services of each source's first complete list that are not in picks yet.
    var unpublishedFirstLists: [Int: Set<String>] = [:]
    private var logBudget = LogBudget()
    /// What the checker was told last of each service that has something to probe.
    private var toldTargets: [String: (targets: [CheckTargets.Target], settings: HealthCheckSettings)] = [:]
    var staleSources: Set<Int> = []
    /// The sources whose tables are those of the state file.
    var restoredSources: Set<Int> = []
    /// The verdicts of the state file on the service that is being restored.
    var restoredVerdicts: [PeerAddress: SavedVerdict] = [:]
    /// Counts what is worth saving.
    var stateVersion: UInt64 = 0
    /// When ``publishDue()`` will be called by itself.
    private var alarm: Instant?

    /// Makes a control plane without peers.
    ///
    /// - Parameters:
    ///   - sources: the sources, in order of preference.
    ///   - combine: how they become one.
    ///   - staleAfter: how long after the last proof of contact with all of its sources a service's picks say that they
    ///     are stale; `nil`: never.
    ///   - settings: how the peers of a service are judged and picked.
    ///   - checkTargets: takes the peers to probe, a service at a time, in the order of the changes.
    package init(
        sources: [SourceDescription],
        combine: Combine = .merge,
        directory: ServiceDirectory,
        staleAfter: Duration?,
        settings: @escaping @Sendable (_ service: String) -> ServiceSettings = { _ in ServiceSettings() },
        checkTargets: @escaping @Sendable (CheckTargets) -> Void = { _ in },
        clock: ServerClock,
        logger: Logger
    ) {
        self.monitors = sources.map { SourceMonitor(name: $0.name) }
        self.sources = sources
        self.combine = combine
        self.directory = directory
        self.staleAfter = staleAfter
        self.settings = settings
        self.checkTargets = checkTargets
        self.clock = clock
        self.logger = logger
        self.tables = sources.map { _ in SourceTable() }
        directory.isSynced = sources.isEmpty
    }

    /// Where the source at `index` of the list delivers.
    package nonisolated func feed(for index: Int) -> SourceFeed {
        SourceFeed(controlPlane: self, source: index, monitor: monitors[index])
    }

    /// Does what is due every second until the task is cancelled: staleness, and forgetting what has gone.
    package func run() async {
        while !Task.isCancelled {
            tick(at: .now)
            try? await Task.sleep(for: .seconds(1))
        }
    }
}

// MARK: - Publication

extension ControlPlane {
    /// Publishes what is due, and sees to it that what is not due yet will be.
    func publishDue() {
        var now = Instant.now
        advanceDue(at: now)
        let turnEnd = now + Self.longestTurn
        while now < turnEnd, let service = schedule.next(at: now) {
            let used = Self.processorTime()
            publish(service, at: now)
            now = Instant.now
            schedule.finish(service, taking: Self.processorTime() - used, at: now)
        }
        let candidates = [schedule.nextInstant(), deadlines.next, tables.compactMap(\.nextGuardEnd).min()]
        guard let next = candidates.compactMap({ $0 }).min(), alarm.map({ next < $0 }) ?? true else { return }
        alarm = next
        Task {
            try? await Task.sleep(until: next, clock: .continuous)
            ring(next)
        }
    }

    /// The time that the running thread has had of a processor.
    private static func processorTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    private func ring(_ instant: Instant) {
        if alarm == instant { alarm = nil }
        publishDue()
    }

    /// Does what is due: peers that go, and in services readmissions, sweeps, ramps.
    private func advanceDue(at now: Instant) {
        endGuards(at: now)
        while let service = deadlines.popDue(at: now) {
            change(service, at: now) { record, wallTime in
                record.advance(to: now, wallTime: wallTime, second: clock.second())
            }
        }
    }

    /// Changes what is kept of a service, and has a plan compiled when the change asks for it.
    private func change(_ service: String, at now: Instant, _ body: (inout ServiceRecord, _ wallTime: Double) -> Bool) {
        guard var record = records.removeValue(forKey: service) else { return }
        let hasChanged = body(&record, clock.wallTime())
        records[service] = record
        deadlines.set(record.deadline, for: service)
        if hasChanged { schedule.change(service, at: now) }
    }

    /// - Parameter isFirstList: whether the peers are there from the beginning; where not given, whether a source's first complete list is published.
    func publish(_ service: String, at now: Instant, isFirstList: Bool = false) {
        var isFirstList = isFirstList
        for source in unpublishedFirstLists.keys where unpublishedFirstLists[source]?.remove(service) != nil { isFirstList = true }
        defer { if isFirstList { for source in unpublishedFirstLists.keys { noteSynced(source) } } }
        let combined = CombinedService(service, in: tables, restored: restoredSources, by: combine)
        let isKnown = records[service] != nil
        guard isKnown || combined.isNamed else { return }
        var record = records.removeValue(forKey: service) ?? makeRecord(service, born: isFirstList ? nil : now)
        let wallTime = clock.wallTime()
        let wasPanic = record.state.plan.isPanic
        let transitions = clock.change { index in
            let transitions = record.publish(
                .init(
                    service: combined,
                    isFirstList: isFirstList,
                    isStale: combined.isNamed && staleSources.isSuperset(of: combined.details.sources),
                    index: index,
                    now: now,
                    wallTime: wallTime
                )
            )
            if !isKnown { directory.add(record.state) }
            return transitions
        }
        records[service] = record
        deadlines.set(record.deadline, for: service)
        // Only now is it true for picks: whoever reads an event finds it there.
        if !transitions.isEmpty { stateVersion += 1 }
        for transition in transitions {
            clock.change { index in events.append(Event(index: index, at: wallTime, service: service, transition: transition)) }
            log(transition, of: service)
        }
        if record.state.plan.isPanic != wasPanic { logPanic(of: record) }
        updateTargets(of: service, combined.peers, record.settings, isFirstList: isFirstList)
    }

    private func logPanic(of record: ServiceRecord) {
        guard let suppressed = logBudget.take(at: .now) else { return }
        let plan = record.state.plan
        logger.log(
            level: plan.isPanic ? .warning : .info,
            plan.isPanic ? "too few peers are well: all are picked" : "enough peers are well again",
            metadata: ["service": "\(record.state.name)", "eligible": "\(plan.details.eligible)", "suppressed": "\(suppressed)"]
        )
    }

    private func makeRecord(_ service: String, born: Instant?) -> ServiceRecord {
        let settings = settings(service)
        let verdicts = ServiceVerdicts(restoring: restoredVerdicts, at: .now, wallTime: clock.wallTime(), settings: settings.logCheck)
        return ServiceRecord(name: service, settings: settings, verdicts: verdicts, born: born) { [weak self] signal in
            // Called on threads that record outcomes, at most once until it is dealt with.
            Task { await self?.receive(signal) }
        }
    }

    /// Logs a transition; what is no news (a first check that passes) at debug, and no more lines than anybody reads.
    private func log(_ transition: Transition, of service: String) {
        let isTrouble = transition.to == .ejected || transition.to == .unhealthy || transition.from == transition.to
        let level: Logger.Level = isTrouble ? .notice : transition.from == .unchecked ? .debug : .info
        guard level >= logger.logLevel, let suppressed = logBudget.take(at: .now) else { return }
        logger.log(
            level: level,
            transition.from == transition.to ? "peer not ejected" : "peer changed its health",
            metadata: [
                "service": "\(service)", "peer": "\(transition.peer)", "from": "\(transition.from.rawValue)",
                "to": "\(transition.to.rawValue)", "reason": "\(transition.reason)", "suppressed": "\(suppressed)",
            ]
        )
    }

    private func updateTargets(of service: String, _ peers: [CombinedPeer], _ settings: ServiceSettings, isFirstList: Bool) {
        var targets: [CheckTargets.Target] = []
        for peer in peers where settings.probes(peer.value) {
            targets.append(.init(peer: peer.address, url: settings.checkURL(of: peer.value), identity: peer.value.identity))
        }
        targets.sort { $0.peer < $1.peer }
        let told = toldTargets[service]
        guard targets != told?.targets ?? [] || (told != nil && settings.healthCheck != told?.settings) else { return }
        toldTargets[service] = targets.isEmpty ? nil : (targets, settings.healthCheck)
        func tell(_ targets: [CheckTargets.Target]) {
            checkTargets(CheckTargets(service: service, targets: targets, settings: settings.healthCheck, isFirstList: isFirstList))
        }
        // Another peer in the place of one that was probed: what a probe under way finds is about that one.
        let known = Dictionary(uniqueKeysWithValues: (told?.targets ?? []).map { ($0.peer, $0.identity) })
        let lasting = targets.filter { target in known[target.peer].map { $0 == target.identity } ?? true }
        if lasting.count < targets.count { tell(lasting) }
        tell(targets)
    }
}

// MARK: - What probes and reports bring

extension ControlPlane {
    /// Takes results of probes.
    package func receive(_ results: [(service: String, peer: PeerAddress, result: CheckResult)]) {
        let now = Instant.now
        for (service, peer, result) in results {
            var hasChanged = false
            change(service, at: now) { record, wallTime in
                hasChanged = record.check(peer, result, at: now, wallTime: wallTime)
                return hasChanged
            }
            if hasChanged { stateVersion += 1 }
        }
        publishDue()
    }

    private func receive(_ signal: ServiceSignal) {
        let now = Instant.now
        switch signal {
        case .outcomesBegan(let service):
            change(service, at: now) { record, _ in
                record.beginSweeps(at: now)
                return false
            }
        case .run(let service, let peer, let finding):
            change(service, at: now) { record, wallTime in record.judge(peer, finding, at: now, wallTime: wallTime) }
        }
        publishDue()
    }

    /// Takes over other settings, which are described where the control plane is made; verdicts and statistics stay.
    package func apply(combine: Combine, staleAfter: Duration?, settings: @escaping @Sendable (_ service: String) -> ServiceSettings) {
        let now = Instant.now
        if combine != self.combine { for service in records.keys { schedule.change(service, at: now) } }
        self.combine = combine
        self.staleAfter = staleAfter
        self.settings = settings
        for service in Array(records.keys) {
            change(service, at: now) { record, _ in record.apply(settings(service), at: now) }
        }
        publishDue()
    }
}

// MARK: - The passing of time

extension ControlPlane {
    func tick(at now: Instant) {
        updateStaleness(at: now)
        schedule.forgetRests(at: now)
        for name in records.filter(\.value.needsForgetting).keys where records[name]?.forget(at: now) == true {
            records[name] = nil
            deadlines.set(nil, for: name)
            clock.change { _ in directory.remove(name) }
        }
        publishDue()
    }

    private func updateStaleness(at now: Instant) {
        let stale = Set(
            monitors.indices.filter { index in
                restoredSources.contains(index) || staleAfter.map { Duration.seconds(monitors[index].status.staleSeconds(at: now)) >= $0 } ?? false
            }
        )
        for source in stale.symmetricDifference(staleSources) {
            logger.log(
                level: stale.contains(source) ? .warning : .notice,
                stale.contains(source) ? "source is stale: picks of services that only it names say so" : "source is in contact again",
                metadata: ["source": "\(monitors[source].name)"]
            )
            for service in tables[source].services.keys { schedule.change(service, at: now) }
        }
        staleSources = stale
    }
}

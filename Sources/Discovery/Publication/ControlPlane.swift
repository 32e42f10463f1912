package import Balancing
package import Logging

/// The one owner of what the sources say: it combines their tables, compiles plans and publishes them to picks.
///
/// Data flows one way through it: sources deliver to their ``SourceFeed``, plans go to the ``ServiceDirectory``. What is
/// decided, and when, is in pure values (``SourceTable``, ``PublicationSchedule``, ``ServiceRecord``); this actor gives
/// them the time and carries out what they say.
package actor ControlPlane {
    private typealias Instant = ContinuousClock.Instant

    /// How long publishing goes on before deliveries that wait get their turn.
    private static let longestTurn = Duration.milliseconds(2)
    /// How often idle statistics are freed, in ticks of a second.
    private static let sweepInterval = 10

    /// The sources, in order of preference.
    package nonisolated let monitors: [SourceMonitor]
    /// Where plans are published.
    package nonisolated let directory: ServiceDirectory
    private let staleAfter: Duration?
    private let clock: ServerClock
    private let logger: Logger

    private var tables: [SourceTable]
    private var records: [String: ServiceRecord] = [:]
    private var schedule = PublicationSchedule(now: .now)
    private var staleSources: Set<Int> = []
    /// When ``publishDue()`` will be called by itself.
    private var alarm: Instant?
    private var ticks = 0

    /// Makes a control plane without peers.
    ///
    /// - Parameters:
    ///   - sources: the names of the sources, in order of preference.
    ///   - staleAfter: how long after the last proof of contact with all of its sources a service's picks say that they
    ///     are stale; `nil`: never.
    package init(sources: [String], directory: ServiceDirectory, staleAfter: Duration?, clock: ServerClock, logger: Logger) {
        self.monitors = sources.map { SourceMonitor(name: $0) }
        self.directory = directory
        self.staleAfter = staleAfter
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

// MARK: - Deliveries

extension ControlPlane {
    func replace(source: Int, with table: SourceTable, revision: String) {
        var table = table
        table.keepValidValues(of: tables[source])
        let changed = table.changedServices(since: tables[source])
        tables[source] = table
        let isFirst = !monitors[source].status.isSynced
        note(source, revision: revision) { $0.lists += 1 }
        let now = Instant.now
        if isFirst {
            // Nothing is served yet that publishing could disturb: the first state goes out whole, then counts as synced.
            for service in changed { publish(service, at: now) }
            monitors[source].update { $0.isSynced = true }
            directory.isSynced = monitors.allSatisfy { $0.status.isSynced }
            logger.info(
                "source synced",
                metadata: [
                    "source": "\(monitors[source].name)", "services": "\(table.services.count)", "peers": "\(table.peerCount)",
                    "revision": "\(revision)",
                ]
            )
        } else {
            for service in changed { schedule.change(service, at: now) }
            publishDue()
        }
    }

    func apply(source: Int, _ entries: [SourceEntry], revision: String) {
        let now = Instant.now
        for entry in entries {
            if let changed = tables[source].apply(entry) { schedule.change(changed, at: now) }
        }
        note(source, revision: revision) { $0.events += UInt64(entries.count) }
        publishDue()
    }

    private func note(_ source: Int, revision: String, _ body: (inout SourceStatus) -> Void) {
        let table = tables[source]
        monitors[source].update { status in
            status.revision = revision
            status.lastContact = .now
            status.services = table.services.count
            status.peers = table.peerCount
            status.skipped = table.skipped.count
            status.skippedReasons = table.skipped.prefix(5).map { "\($0.key): \($0.value)" }.sorted()
            body(&status)
        }
    }
}

// MARK: - Publication

extension ControlPlane {
    /// Publishes what is due, and sees to it that what is not due yet will be.
    private func publishDue() {
        var now = Instant.now
        let turnEnd = now + Self.longestTurn
        while now < turnEnd, let service = schedule.next(at: now) {
            publish(service, at: now)
            let ended = Instant.now
            schedule.finish(service, began: now, ended: ended)
            now = ended
        }
        guard let next = schedule.nextInstant(), alarm.map({ next < $0 }) ?? true else { return }
        alarm = next
        Task {
            try? await Task.sleep(until: next, clock: .continuous)
            ring(next)
        }
    }

    private func ring(_ instant: Instant) {
        if alarm == instant { alarm = nil }
        publishDue()
    }

    private func publish(_ service: String, at now: Instant) {
        let peers = CombinedPeer.merge(tables, service: service)
        let naming = tables.indices.filter { tables[$0].services[service] != nil }
        let isStale = !naming.isEmpty && staleSources.isSuperset(of: naming)
        let wallTime = clock.wallTime()
        clock.change { index in
            if records[service] != nil {
                records[service]?.publish(
                    peers: peers,
                    isNamed: !naming.isEmpty,
                    isStale: isStale,
                    index: index,
                    now: now,
                    wallTime: wallTime
                )
            } else if !naming.isEmpty {
                let record = ServiceRecord(name: service, peers: peers, isStale: isStale, index: index, wallTime: wallTime)
                records[service] = record
                directory.add(record.state)
            }
        }
    }
}

// MARK: - The passing of time

extension ControlPlane {
    private func tick(at now: Instant) {
        updateStaleness(at: now)
        for name in records.filter(\.value.needsForgetting).keys {
            if records[name]?.forget(at: now) == true {
                records[name] = nil
                clock.change { _ in directory.remove(name) }
            }
        }
        ticks += 1
        if ticks % Self.sweepInterval == 0 {
            schedule.forgetRests(at: now)
            let second = clock.second()
            for record in records.values { record.state.freeIdleStatistics(at: second) }
        }
        publishDue()
    }

    private func updateStaleness(at now: Instant) {
        guard let staleAfter else { return }
        let stale = Set(monitors.indices.filter { Duration.seconds(monitors[$0].status.staleSeconds(at: now)) >= staleAfter })
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

internal import Balancing
internal import Logging

/// What the sources deliver.
extension ControlPlane {
    func replace(source: Int, with list: SourceTable, revision: String, followsBrokenHistory: Bool) {
        var table = list
        let now = Instant.now
        table.keepValidValues(of: tables[source])
        keepMissingPeers(in: &table, of: source, followsBrokenHistory: followsBrokenHistory, at: now)
        let changed = restoredSources.contains(source) ? endRestoration(of: source, by: table) : table.changedServices(since: tables[source])
        tables[source] = table
        stateVersion += 1
        let isFirst = !monitors[source].status.isSynced && unpublishedFirstLists[source] == nil
        // Before anything of it is in picks: whoever finds its peers there finds no error of the time before.
        note(source, revision: revision) { status in
            status.lists += 1
            status.lastError = ""
        }
        if isFirst { unpublishedFirstLists[source] = Set(changed) }
        if isFirst, records.isEmpty {
            // Nothing is served yet that publishing could disturb: the first state of all goes out at once.
            for service in changed { publish(service, at: now) }
        } else {
            for service in changed { schedule.change(service, at: now) }
        }
        noteSynced(source)
        publishDue()
    }

    /// Keeps what a list lacks that is not believed, and says so loudly.
    private func keepMissingPeers(in list: inout SourceTable, of source: Int, followsBrokenHistory: Bool, at now: Instant) {
        let listed = list.peerCount
        let kept = list.keepMissingPeers(
            of: tables[source],
            followsBrokenHistory: followsBrokenHistory,
            for: sources[source].emptyGuard,
            at: now
        )
        guard kept > 0 else { return }
        logger.warning(
            followsBrokenHistory
                ? "a list after a broken history lacks peers: they stay for empty_guard"
                : "a list lacks more than half of the peers: the missing ones stay for empty_guard",
            metadata: [
                "source": "\(monitors[source].name)", "listed": "\(listed)", "kept": "\(kept)",
                "empty_guard": "\(sources[source].emptyGuard)",
            ]
        )
    }

    /// Lets go the peers that were kept and whose time is over.
    func endGuards(at now: Instant) {
        for source in tables.indices {
            let changed = tables[source].endGuard(at: now)
            guard !changed.isEmpty else { continue }
            for service in changed { schedule.change(service, at: now) }
            stateVersion += 1
            logger.notice(
                "the time of the peers that a list lacked is over",
                metadata: ["source": "\(monitors[source].name)", "services": "\(changed.count)", "peers": "\(tables[source].peerCount)"]
            )
            updateCounts(of: source)
        }
    }

    /// Notes that a source is synced when the last service of its first complete list is in picks.
    func noteSynced(_ source: Int) {
        guard unpublishedFirstLists[source]?.isEmpty == true else { return }
        unpublishedFirstLists[source] = nil
        // First in the directory: whoever finds the server ready finds an unknown service unknown, not unsynced.
        directory.isSynced = monitors.indices.allSatisfy { $0 == source || monitors[$0].status.isSynced }
        monitors[source].update { $0.isSynced = true }
        let table = tables[source]
        logger.info(
            "source synced",
            metadata: ["source": "\(monitors[source].name)", "services": "\(table.services.count)", "peers": "\(table.peerCount)"]
        )
    }

    func apply(source: Int, _ entries: [SourceEntry], revision: String) {
        let now = Instant.now
        for entry in entries {
            if let changed = tables[source].apply(entry) { schedule.change(changed, at: now) }
        }
        if !entries.isEmpty { stateVersion += 1 }
        note(source, revision: revision) { $0.events += UInt64(entries.count) }
        publishDue()
    }

    func removeAll(source: Int, below directory: String, revision: String) {
        let now = Instant.now
        let peerCount = tables[source].peerCount
        for service in tables[source].removeAll(below: directory) { schedule.change(service, at: now) }
        stateVersion += 1
        note(source, revision: revision) { $0.events += UInt64(peerCount - tables[source].peerCount) }
        publishDue()
    }

    private func note(_ source: Int, revision: String, _ body: (inout SourceStatus) -> Void) {
        updateCounts(of: source)
        monitors[source].update { status in
            status.revision = revision
            status.lastContact = .now
            body(&status)
        }
    }

    func updateCounts(of source: Int) {
        let table = tables[source]
        monitors[source].update { status in
            status.services = table.services.count
            status.peers = table.peerCount
            status.skipped = table.skipped.count
            status.skippedReasons = table.latestSkipped.map { "\($0.key): \($0.reason)" }
            status.guarded = table.guardedCount
        }
    }
}

internal import Balancing
internal import Logging

/// What outlives a restart.
extension ControlPlane {
    /// Serves what a state file holds, marked stale until the sources deliver. To be called before they begin.
    ///
    /// - Returns: whether it holds anything of these sources, and whether anything of others.
    func restore(_ state: SavedState) -> (isUsed: Bool, isUsedWhole: Bool) {
        let wallTime = clock.wallTime()
        var isUsedWhole = true
        for saved in state.sources where !saved.services.isEmpty {
            guard let index = usableSource(for: saved) else {
                isUsedWhole = false
                continue
            }
            tables[index] = SourceTable(services: saved.services)
            restoredSources.insert(index)
            updateCounts(of: index)
            monitors[index].update { status in
                status.wasRestored = true
                status.lastContact = saved.contact.map { .now - .seconds(max(0, wallTime - $0)) }
            }
        }
        staleSources.formUnion(restoredSources)
        let now = Instant.now
        for service in Set(tables.flatMap(\.services.keys)) {
            restoredVerdicts = (state.verdicts[service] ?? [:]).filter { peer, _ in tables.contains { $0.services[service]?[peer] != nil } }
            publish(service, at: now, isFirstList: true)
        }
        restoredVerdicts = [:]
        guard !restoredSources.isEmpty else { return (false, isUsedWhole) }
        logger.notice(
            "serving the state file until the sources deliver",
            metadata: [
                "services": "\(records.count)", "peers": "\(tables.reduce(0) { $0 + $1.peerCount })",
                "age_seconds": "\(Int(max(0, wallTime - state.savedAt)))",
            ]
        )
        return (true, isUsedWhole)
    }

    /// The source that saved peers are of; `nil`, with a warning: none, or one that reads another place.
    private func usableSource(for saved: SavedState.Source) -> Int? {
        guard let index = sources.firstIndex(where: { $0.name == saved.name }) else {
            logger.warning(
                "the state file holds peers of a source that is not configured, which are not used",
                metadata: ["source": "\(saved.name)", "saved": "\(saved.scope)"]
            )
            return nil
        }
        guard saved.scope == sources[index].scope else {
            logger.warning(
                "the state file holds peers of another place, which are not used",
                metadata: ["source": "\(saved.name)", "saved": "\(saved.scope)", "configured": "\(sources[index].scope)"]
            )
            return nil
        }
        return index
    }

    /// Ends what was restored of a source, because it has delivered: the state file is served until then, and no longer.
    ///
    /// - Returns: the services whose plans are to be compiled: all that are named or were, since what was restored was stale.
    func endRestoration(of source: Int, by list: SourceTable) -> [String] {
        restoredSources.remove(source)
        staleSources.remove(source)
        return Array(Set(tables[source].services.keys).union(list.services.keys))
    }

    /// What there is to save now; `nil` while nothing is known that would be worth it.
    func snapshot() -> StateSnapshot? {
        guard tables.contains(where: { !$0.services.isEmpty }) || stateVersion > 0 else { return nil }
        let (now, wallTime) = (Instant.now, clock.wallTime())
        return StateSnapshot(
            version: stateVersion,
            sources: sources,
            contacts: monitors.map { monitor in
                let status = monitor.status
                return status.lastContact.map { _ in wallTime - status.staleSeconds(at: now) }
            },
            tables: tables,
            verdicts: records.mapValues(\.verdicts),
            now: now,
            wallTime: wallTime
        )
    }
}

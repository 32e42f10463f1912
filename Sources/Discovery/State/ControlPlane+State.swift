internal import Balancing
internal import Logging

/// What outlives a restart.
extension ControlPlane {
    /// Serves what a state file holds, marked stale until the sources deliver. To be called before they begin.
    ///
    /// - Returns: whether it holds anything of these sources.
    func restore(_ state: SavedState) -> Bool {
        let wallTime = clock.wallTime()
        for (index, source) in sources.enumerated() {
            guard let saved = state.sources.first(where: { $0.name == source.name }) else { continue }
            guard saved.scope == source.scope else {
                logger.warning(
                    "the state file holds peers of another place, which are not used",
                    metadata: ["source": "\(source.name)", "saved": "\(saved.scope)", "configured": "\(source.scope)"]
                )
                continue
            }
            guard !saved.services.isEmpty else { continue }
            tables[index] = SourceTable(services: saved.services)
            restoredSources.insert(index)
            updateCounts(of: index)
            monitors[index].update { $0.lastContact = saved.contact.map { .now - .seconds(max(0, wallTime - $0)) } }
        }
        staleSources.formUnion(restoredSources)
        let now = Instant.now
        for service in Set(tables.flatMap(\.services.keys)) {
            restoredVerdicts = (state.verdicts[service] ?? [:]).filter { peer, _ in tables.contains { $0.services[service]?[peer] != nil } }
            publish(service, at: now, isFirstList: true)
        }
        restoredVerdicts = [:]
        guard !restoredSources.isEmpty else { return false }
        logger.notice(
            "serving the state file until the sources deliver",
            metadata: [
                "services": "\(records.count)", "peers": "\(tables.reduce(0) { $0 + $1.peerCount })",
                "age_seconds": "\(Int(max(0, wallTime - state.savedAt)))",
            ]
        )
        return true
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

internal import Discovery
internal import HealthChecking
internal import ServiceLifecycle

/// The sources, the active checks and the control plane, which run until the server has answered its last request.
struct SourcesService: Service {
    let controlPlane: ControlPlane
    let statistics: StatisticsKeeper
    let stateKeeper: StateKeeper
    let runners: [SourceRunner]
    let checker: HealthChecker
    let targetChanges: AsyncStream<CheckTargets>
    let deadline: ShutdownDeadline

    func run() async throws {
        // Not waited for: it may hang in a disk.
        let keeping = Task { await stateKeeper.run() }
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await controlPlane.run() }
                group.addTask { await statistics.run() }
                group.addTask { await checker.run() }
                group.addTask {
                    for await change in targetChanges {
                        checker.setTargets(
                            of: change.service,
                            change.targets.map { CheckedPeer(peer: $0.peer, url: $0.url) },
                            settings: change.settings,
                            isColdStart: change.isFirstList
                        )
                    }
                }
                for runner in runners {
                    group.addTask { await runner.run() }
                }
            }
        }
        keeping.cancel()
        // Once more, with what was learned since the last save.
        await stateKeeper.save(within: deadline.rest())
    }
}

internal import Discovery
internal import ServiceLifecycle

/// The sources and the control plane, which run until the server has answered its last request.
struct SourcesService: Service {
    let controlPlane: ControlPlane
    let statistics: StatisticsKeeper
    let runners: [SourceRunner]

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await controlPlane.run() }
                group.addTask { await statistics.run() }
                for runner in runners {
                    group.addTask { await runner.run() }
                }
            }
        }
    }
}

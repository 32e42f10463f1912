package import Balancing

/// Settles the pick counts of every service once a second, ends leases, sums up loads, and frees what is idle: beside the control plane, which has no time for it.
package struct StatisticsKeeper: Sendable {
    /// How many rounds pass between two looks for idle statistics.
    private static let roundsPerSweep = 10
    /// How many services are done before others get their turn.
    private static let servicesPerTurn = 100

    private let directory: ServiceDirectory
    private let clock: ServerClock

    /// Makes a keeper; nothing happens before ``run()``.
    package init(directory: ServiceDirectory, clock: ServerClock) {
        self.directory = directory
        self.clock = clock
    }

    /// Runs until the task is cancelled.
    package func run() async {
        var round = 0
        while !Task.isCancelled {
            for (position, service) in directory.all.enumerated() {
                service.settle()
                service.endLeases(at: clock.now())
                service.recountLoad(at: clock.now())
                if round % Self.roundsPerSweep == 0 { service.freeIdleStatistics(at: clock.second()) }
                if position % Self.servicesPerTurn == 0 { await Task.yield() }
            }
            round += 1
            try? await Task.sleep(for: .seconds(1))
        }
    }
}

internal import Balancing

/// Counts the items of one report where they belong and keeps the tally.
///
/// A batch is mostly about few services: the last one is remembered.
struct ReportRecorder {
    private let directory: ServiceDirectory
    private let clock: ServerClock
    /// Who reports what does not say.
    private let client: String
    private var service: ServiceState?
    private(set) var tally = ReportTally()

    init(directory: ServiceDirectory, clock: ServerClock, client: String) {
        self.directory = directory
        self.clock = clock
        self.client = client
    }

    /// Forgets the service that was looked up last: between the parts of a long report it may have gone, and another come under its name.
    mutating func forgetService() { service = nil }

    mutating func record(_ item: ReportItem, index: Int) {
        switch item {
        case .rejection(let rejection):
            tally.reject(index, rejection)
        case .outcome(let reported):
            do throws(ReportRejection) {
                try record(reported)
                tally.accept()
            } catch {
                tally.reject(index, error)
            }
        }
    }

    private mutating func record(_ reported: ReportedOutcome) throws(ReportRejection) {
        if service?.name != reported.service { service = directory[reported.service] }
        guard let service else {
            let name = reported.service.cut(bytes: 64)
            let hint = directory.isSynced ? "" : " yet; not every source has delivered"
            throw ReportRejection(code: .unknownService, message: "no source names the service \(name)\(hint)")
        }
        let outcome = Outcome(
            result: reported.result,
            latencyMilliseconds: reported.latencyMilliseconds,
            count: reported.count,
            reporter: reported.reporter ?? client
        )
        guard service.record(outcome, of: reported.peer, at: clock.now()) else {
            throw ReportRejection(code: .unknownPeer, message: "the service \(service.name) has no peer \(reported.peer)")
        }
    }
}

internal import Synchronization

/// What this process was reported since its start, for counters that only grow.
///
/// Thread-safe. Each number is right; numbers read together may be of slightly different moments.
final class ReportCounters: Sendable {
    private let reportCount = Atomic<UInt64>(0)
    private let acceptedCount = Atomic<UInt64>(0)
    private let invalidOutcomeCount = Atomic<UInt64>(0)
    private let invalidJSONCount = Atomic<UInt64>(0)
    private let unknownServiceCount = Atomic<UInt64>(0)
    private let unknownPeerCount = Atomic<UInt64>(0)
    private let lastRejection = Mutex("")

    /// Makes counters of nothing.
    init() {}

    /// Requests whose items were judged, also those whose connection broke meanwhile.
    var reports: UInt64 { reportCount.load(ordering: .relaxed) }

    /// Items that were counted.
    var accepted: UInt64 { acceptedCount.load(ordering: .relaxed) }

    /// Items that were rejected, by the code of the reason; every code is there.
    var rejected: [(code: String, count: UInt64)] {
        ReportRejection.Code.allCases.map { code in (code.rawValue, withCounter(of: code) { $0.load(ordering: .relaxed) }) }
    }

    /// Why the last report was refused, or the first item that was rejected in it; empty when there was none.
    var lastError: String { lastRejection.withLock { $0 } }

    /// Adds a report.
    func add(_ tally: ReportTally) {
        reportCount.wrappingAdd(1, ordering: .relaxed)
        acceptedCount.wrappingAdd(UInt64(tally.accepted), ordering: .relaxed)
        for (code, count) in tally.rejected {
            withCounter(of: code) { _ = $0.wrappingAdd(UInt64(count), ordering: .relaxed) }
        }
        if let first = tally.listed.first?.rejection { lastRejection.withLock { $0 = "\(first.code.rawValue): \(first.message)" } }
    }

    /// Notes why a report was refused as a whole.
    func refuse(_ error: APIError) {
        lastRejection.withLock { $0 = "\(error.code): \(error.message)" }
    }

    private func withCounter<Result>(of code: ReportRejection.Code, _ body: (borrowing Atomic<UInt64>) -> Result) -> Result {
        switch code {
        case .invalidOutcome: body(invalidOutcomeCount)
        case .invalidJSON: body(invalidJSONCount)
        case .unknownService: body(unknownServiceCount)
        case .unknownPeer: body(unknownPeerCount)
        }
    }
}

/// What was reported since the start.
struct ReportsBody: Encodable {
    let reports: UInt64
    let accepted: UInt64
    let rejected: [String: UInt64]
    let lastError: String

    enum CodingKeys: String, CodingKey {
        case reports, accepted, rejected, lastError = "last_error"
    }

    init(_ counters: ReportCounters) {
        reports = counters.reports
        accepted = counters.accepted
        rejected = Dictionary(uniqueKeysWithValues: counters.rejected.filter { $0.count > 0 }.map { ($0.code, $0.count) })
        lastError = counters.lastError
    }
}

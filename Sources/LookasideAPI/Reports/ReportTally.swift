/// How the items of one report fared.
struct ReportTally: Equatable {
    /// How many rejections an answer lists.
    static let listedLimit = 20

    /// A rejected item and its place in the report.
    struct Listed: Equatable {
        let index: Int
        let rejection: ReportRejection
    }

    private(set) var accepted = 0
    private(set) var rejected: [ReportRejection.Code: Int] = [:]
    /// The first rejections.
    private(set) var listed: [Listed] = []

    var rejectedCount: Int { rejected.values.reduce(0, +) }

    mutating func accept() {
        accepted += 1
    }

    mutating func reject(_ index: Int, _ rejection: ReportRejection) {
        rejected[rejection.code, default: 0] += 1
        if listed.count < Self.listedLimit { listed.append(Listed(index: index, rejection: rejection)) }
    }
}

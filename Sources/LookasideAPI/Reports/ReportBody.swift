internal import HTTPServing

/// The answer to a report; with `error` when every item was rejected.
struct ReportBody: Encodable {
    struct Item: Encodable {
        let index: Int
        let code: String
        let message: String
    }

    let accepted: Int
    let rejected: Int
    let errors: [Item]
    var error: ErrorBody.Content?

    private init(_ tally: ReportTally) {
        accepted = tally.accepted
        rejected = tally.rejectedCount
        errors = tally.listed.map { Item(index: $0.index, code: $0.rejection.code.rawValue, message: $0.rejection.message) }
    }

    /// The answer to a report that fared like this: 200, or 422 when there were items and every one was rejected.
    static func response(_ tally: ReportTally) -> HTTPResponse {
        var body = ReportBody(tally)
        guard body.accepted == 0, body.rejected > 0 else { return .json(body) }
        let error = APIError.allRejected
        body.error = ErrorBody.Content(code: error.code, message: error.message)
        return error.response(body)
    }
}

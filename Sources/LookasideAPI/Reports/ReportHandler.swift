internal import Balancing
internal import HTTPServing

/// `POST /report`: how requests to peers went.
struct ReportHandler: Sendable {
    /// The longest body that is judged on the worker that took the request: some 30 microseconds of ordinary items.
    private static let longestImmediateBody = 4_096

    private let directory: ServiceDirectory
    private let clock: ServerClock
    private let counters: ReportCounters
    private let readers = OutcomeReaders()
    /// The answer to a single outcome that was counted.
    private let oneAccepted: PreparedResponse

    init(directory: ServiceDirectory, clock: ServerClock, counters: ReportCounters) {
        self.directory = directory
        self.clock = clock
        self.counters = counters
        var tally = ReportTally()
        tally.accept()
        oneAccepted = PreparedResponse(ReportBody.response(tally))
    }

    /// Takes a body in lines as it arrives; anything else is left to ``report(_:)``, which also says what is wrong with it.
    func receiver(_ request: borrowing HTTPRequest) -> (any HTTPBodyReceiver)? {
        guard case .lines? = try? ReportFormat(request) else { return nil }
        return ReportLines(recorder(request), counters: counters, readers: readers)
    }

    func report(_ request: borrowing HTTPRequest) throws(APIError) -> HTTPReply {
        do throws(APIError) {
            return try judge(request)
        } catch {
            counters.refuse(error)
            throw error
        }
    }

    private func judge(_ request: borrowing HTTPRequest) throws(APIError) -> HTTPReply {
        switch try ReportFormat(request) {
        case .lines:
            // A request without body has no receiver.
            return ReportLines(recorder(request), counters: counters, readers: readers).finish()
        case .json:
            let body = request.body
            let recorder = recorder(request)
            if body.count <= Self.longestImmediateBody, let tally = try judge(body, recorder, isHurried: true) {
                let isOneAccepted = tally.accepted == 1 && tally.rejected.isEmpty
                return isOneAccepted ? .prepared(oneAccepted) : .response(ReportBody.response(tally))
            }
            return .deferred {
                do throws(APIError) {
                    return ReportBody.response(try judge(body, recorder, isHurried: false) ?? ReportTally())
                } catch {
                    counters.refuse(error)
                    return error.response
                }
            }
        }
    }

    /// Counts the items of a body; `nil` when it is left alone because it would take long.
    private func judge(_ body: [UInt8], _ recorder: ReportRecorder, isHurried: Bool) throws(APIError) -> ReportTally? {
        var recorder = recorder
        var index = 0
        let isRead = try body.withUnsafeBufferPointer { bytes throws(APIError) in
            try readers.withReader { reader throws(APIError) in
                try ReportItem.read(UnsafeRawBufferPointer(bytes), with: reader, isHurried: isHurried) { item in
                    recorder.record(item, index: index)
                    index += 1
                }
            }
        }
        guard isRead else { return nil }
        counters.add(recorder.tally)
        return recorder.tally
    }

    private func recorder(_ request: borrowing HTTPRequest) -> ReportRecorder {
        ReportRecorder(directory: directory, clock: clock, client: request.clientAddress)
    }
}

internal import Balancing
internal import HTTPServing

/// The body of a report in lines, judged line by line as it arrives: what was read counts, also when the connection then breaks.
///
/// A last line without its end counts when the body is complete, and not when the connection broke in it.
final class ReportLines: HTTPBodyReceiver {
    /// How many lines are judged before the worker's other connections have their turn: well under a millisecond.
    private static let linesAtOnce = 128
    /// How many lines an odd one counts for.
    private static let linesPerOddLine = 8
    /// How many of its bytes count for one line more.
    private static let bytesPerLine = 128

    private let counters: ReportCounters
    private let readers: OutcomeReaders
    private var splitter = ReportLineSplitter()
    private var recorder: ReportRecorder

    init(_ recorder: ReportRecorder, counters: ReportCounters, readers: OutcomeReaders) {
        self.recorder = recorder
        self.readers = readers
        self.counters = counters
    }

    var tally: ReportTally { recorder.tally }

    func receive(_ part: UnsafeRawBufferPointer) -> Int {
        recorder.forgetService()
        return readers.withReader { reader in
            splitter.take(part, lines: Self.linesAtOnce) { number, line in
                let decodeCount = reader.decodeCount
                record(line, index: number, reader)
                return reader.decodeCount == decodeCount ? 1 : Self.linesPerOddLine + line.count / Self.bytesPerLine
            }
        }
    }

    func finish() -> HTTPReply {
        readers.withReader { reader in
            splitter.finish { record($1, index: $0, reader) }
        }
        abandon()
        return .response(ReportBody.response(recorder.tally))
    }

    func abandon() {
        counters.add(recorder.tally)
    }

    private func record(_ line: ReportLineSplitter.Line, index: Int, _ reader: OutcomeReader) {
        switch line {
        case .text(let text):
            if let item = ReportItem.item(ofLine: text, with: reader) { recorder.record(item, index: index) }
        case .tooLong:
            recorder.record(.rejection(.invalidOutcome("a line is at most \(ReportLineSplitter.lineLimit) bytes")), index: index)
        }
    }
}

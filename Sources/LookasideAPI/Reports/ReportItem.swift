internal import Balancing
internal import FoundationEssentials

/// One item of a report: an outcome, or the reason why it is none.
///
/// Decoding it never fails, so that a bad item spoils nothing but itself.
enum ReportItem: Decodable, Equatable {
    case outcome(ReportedOutcome)
    case rejection(ReportRejection)

    init(from decoder: any Decoder) throws {
        do throws(ReportRejection) {
            self = .outcome(try ReportedOutcome(from: decoder))
        } catch {
            self = .rejection(error)
        }
    }

    /// Shared by all threads instead of made for each outcome.
    private static let decoder = JSONDecoder()

    /// Reads the items of a JSON text: an object is one item, an array holds any number.
    ///
    /// The reader takes what is ordinary; what it refuses is looked at by Foundation's decoder, which is slow and knows what is wrong.
    ///
    /// - Parameter take: called with each item in turn; never when the text is not read.
    /// - Throws: when it is neither, or not JSON. Nesting beyond 512 levels is not read.
    static func read(_ text: UnsafeRawBufferPointer, with reader: OutcomeReader, _ take: (ReportItem) -> Void) throws(APIError) {
        let first = text.first { !isSpace($0) }
        guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else {
            throw .invalidBody("the body is neither a JSON object nor an array; lines of JSON need Content-Type: application/x-ndjson")
        }
        if reader.read(text, take) { return }
        do {
            let items = first == UInt8(ascii: "{") ? [try decode(text)] : try decoder.decode([ReportItem].self, from: Data(text))
            items.forEach(take)
        } catch {
            throw .invalidBody("the body is not valid JSON; nothing of it was counted")
        }
    }

    /// The item of one line; `nil` when there is nothing on it but spaces.
    static func item(ofLine line: UnsafeRawBufferPointer, with reader: OutcomeReader) -> ReportItem? {
        guard let first = line.first(where: { !isSpace($0) }) else { return nil }
        var item: ReportItem?
        if first == UInt8(ascii: "{"), reader.read(line, { item = $0 }) { return item }
        do {
            return try decode(line)
        } catch {
            return .rejection(ReportRejection(code: .invalidJSON, message: "the line is not valid JSON"))
        }
    }

    /// The item that a JSON text is, whatever it is.
    static func decode(_ text: UnsafeRawBufferPointer) throws -> ReportItem {
        try decoder.decode(ReportItem.self, from: Data(text))
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n")
    }
}

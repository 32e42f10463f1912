internal import Balancing

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

    /// How many odd items are read at once: that takes well under a millisecond.
    private static let oddItemsAtOnce = 50
    /// The longest text that cannot hold more of them.
    private static let longestTextAtOnce = 512

    /// Reads the items of a JSON text: an object is one item, an array holds any number.
    ///
    /// - Parameters:
    ///   - isHurried: whether a text that takes long for what is odd in it is left alone.
    ///   - take: called with each item in turn; never when the text is not read.
    /// - Returns: whether the text was read.
    /// - Throws: when it is neither, or not JSON. Nesting beyond 512 levels is not read.
    static func read(
        _ text: UnsafeRawBufferPointer,
        with reader: OutcomeReader,
        isHurried: Bool = false,
        _ take: (ReportItem) -> Void
    ) throws(APIError) -> Bool {
        let first = text.first { !isSpace($0) }
        guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else {
            throw .invalidBody("the body is neither a JSON object nor an array; lines of JSON need Content-Type: application/x-ndjson")
        }
        let mayTakeLong = isHurried && text.count > longestTextAtOnce
        if reader.parse(text) {
            if mayTakeLong, reader.isOdd(beyond: oddItemsAtOnce) { return false }
            reader.takeItems(take)
            return true
        }
        if mayTakeLong { return false }
        do {
            let items = first == UInt8(ascii: "{") ? [try reader.decode(text)] : try reader.decodeArray(text)
            items.forEach(take)
            return true
        } catch {
            throw .invalidBody("the body is not valid JSON; nothing of it was counted")
        }
    }

    /// The item of one line; `nil` when there is nothing on it but spaces.
    static func item(ofLine line: UnsafeRawBufferPointer, with reader: OutcomeReader) -> ReportItem? {
        guard let first = line.first(where: { !isSpace($0) }) else { return nil }
        if first == UInt8(ascii: "{"), reader.parse(line) {
            var item: ReportItem?
            reader.takeItems { item = $0 }
            return item
        }
        do {
            return try reader.decode(line)
        } catch {
            return .rejection(ReportRejection(code: .invalidJSON, message: "the line is not valid JSON"))
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n")
    }
}

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

    /// The items of a body that is one JSON text: an object is one item, an array holds any number.
    ///
    /// - Throws: when it is neither, or not JSON. Nesting beyond 512 levels is not read.
    static func items(of body: [UInt8]) throws(APIError) -> [ReportItem] {
        do {
            switch body.first(where: { !isSpace($0) }) {
            case UInt8(ascii: "{"): return [try decoder.decode(ReportItem.self, from: Data(body))]
            case UInt8(ascii: "["): return try decoder.decode([ReportItem].self, from: Data(body))
            default: break
            }
        } catch {
            throw .invalidBody("the body is not valid JSON; nothing of it was counted")
        }
        throw .invalidBody("the body is neither a JSON object nor an array; lines of JSON need Content-Type: application/x-ndjson")
    }

    /// The item of one line; `nil` when there is nothing on it but spaces.
    static func item(ofLine line: UnsafeRawBufferPointer) -> ReportItem? {
        guard !line.allSatisfy(isSpace) else { return nil }
        do {
            return try decoder.decode(ReportItem.self, from: Data(line))
        } catch {
            return .rejection(ReportRejection(code: .invalidJSON, message: "the line is not valid JSON"))
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n")
    }
}

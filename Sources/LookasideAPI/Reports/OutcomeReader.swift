internal import CSimdjson
internal import FoundationEssentials

/// Reads outcomes with simdjson, several times as fast as Foundation's decoder, which is asked for what is odd: it is slow and knows what is
/// wrong.
// Safe to share: a pool lends it to one user at a time.
final class OutcomeReader: @unchecked Sendable {
    private let handle: OpaquePointer
    /// How often Foundation's decoder was asked.
    private(set) var decodeCount = 0

    /// Shared by all threads instead of made for each outcome.
    private static let decoder = JSONDecoder()

    /// Makes a reader.
    init() {
        guard let handle = simdjson_outcomes_create() else { fatalError("out of memory") }
        self.handle = handle
    }

    deinit {
        simdjson_outcomes_destroy(handle)
    }

    /// How long a text may get before the reader takes more memory: about fourteen times as much as this.
    var capacity: Int { simdjson_outcomes_capacity(handle) }

    /// Parses a JSON text, whose items ``takeItems(_:)`` then reads.
    ///
    /// - Returns: whether it could be read.
    func parse(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let base = text.assumingMemoryBound(to: UInt8.self).baseAddress else { return false }
        return simdjson_outcomes_parse(handle, base, text.count)
    }

    /// Whether Foundation's decoder will be asked for more than so many items of the text.
    func isOdd(beyond limit: Int) -> Bool { simdjson_outcomes_has_other(handle, limit) }

    /// Calls `take` with each item of the text in turn.
    func takeItems(_ take: (ReportItem) -> Void) {
        var fields = simdjson_outcome()
        while simdjson_outcomes_next(handle, &fields) { take(item(fields)) }
    }

    /// The item that a JSON text is, whatever it is, as Foundation's decoder reads it.
    func decode(_ text: UnsafeRawBufferPointer) throws -> ReportItem {
        decodeCount += 1
        return try Self.decoder.decode(ReportItem.self, from: Data(text))
    }

    /// The items of a JSON text that is an array, as Foundation's decoder reads them.
    func decodeArray(_ text: UnsafeRawBufferPointer) throws -> [ReportItem] {
        decodeCount += 1
        return try Self.decoder.decode([ReportItem].self, from: Data(text))
    }

    private func item(_ fields: simdjson_outcome) -> ReportItem {
        guard fields.is_object else { return .rejection(.notAnObject) }
        guard fields.other.bytes == nil else {
            let json = UnsafeRawBufferPointer(start: fields.other.bytes, count: fields.other.count)
            return (try? decode(json)) ?? .rejection(.notAnObject)
        }
        do throws(ReportRejection) {
            return .outcome(try ReportedOutcome(fields))
        } catch {
            return .rejection(error)
        }
    }
}

extension ReportedOutcome {
    fileprivate init(_ fields: simdjson_outcome) throws(ReportRejection) {
        try self.init(
            service: fields.service.text,
            peer: fields.peer.text,
            status: fields.has_status ? Int(fields.status) : nil,
            error: fields.error.text,
            latencyMilliseconds: fields.has_latency ? fields.latency : nil,
            count: fields.has_count ? Int(fields.count) : nil,
            reporter: fields.reporter.text
        )
    }
}

extension simdjson_text {
    fileprivate var text: String? {
        bytes == nil ? nil : String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    }
}

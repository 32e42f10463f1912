internal import CSimdjson

/// Reads outcomes with simdjson, several times as fast as Foundation's decoder.
// Safe to share: a pool lends it to one user at a time.
final class OutcomeReader: @unchecked Sendable {
    private let handle: OpaquePointer

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

    /// Reads the items of a JSON text.
    ///
    /// - Parameter take: called with each item in turn.
    /// - Returns: whether the text could be read; if not, no item was taken.
    func read(_ text: UnsafeRawBufferPointer, _ take: (ReportItem) -> Void) -> Bool {
        guard let base = text.assumingMemoryBound(to: UInt8.self).baseAddress, simdjson_outcomes_parse(handle, base, text.count) else { return false }
        var fields = simdjson_outcome()
        while simdjson_outcomes_next(handle, &fields) { take(ReportItem(fields)) }
        return true
    }
}

extension ReportItem {
    fileprivate init(_ fields: simdjson_outcome) {
        guard fields.other.bytes == nil else {
            let json = UnsafeRawBufferPointer(start: fields.other.bytes, count: fields.other.count)
            self = (try? Self.decode(json)) ?? .rejection(.invalidOutcome("an outcome is a JSON object"))
            return
        }
        do throws(ReportRejection) {
            self = .outcome(
                try ReportedOutcome(
                    service: fields.service.text,
                    peer: fields.peer.text,
                    status: fields.has_status ? Int(fields.status) : nil,
                    error: fields.error.text,
                    latencyMilliseconds: fields.has_latency ? fields.latency : nil,
                    count: fields.has_count ? Int(fields.count) : nil,
                    reporter: fields.reporter.text
                )
            )
        } catch {
            self = .rejection(error)
        }
    }
}

extension simdjson_text {
    fileprivate var text: String? {
        bytes == nil ? nil : String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    }
}

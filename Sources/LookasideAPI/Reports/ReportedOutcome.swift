internal import Balancing

/// One outcome as a client reports it, checked as far as that needs no knowledge of services.
struct ReportedOutcome: Equatable {
    let service: String
    let peer: PeerAddress
    let result: Outcome.Result
    let latencyMilliseconds: Double?
    let count: UInt32
    /// Who reports; `nil` when the client did not say.
    let reporter: String?

    /// The longest reporter that is taken, in bytes: names of reporters are kept for a while.
    static let reporterLimit = 256

    private enum Field: String, CodingKey {
        case service, peer, status, error, latency = "latency_ms", count, reporter
    }

    /// Reads an outcome. `null` is absent, unknown fields are ignored: clients may be newer than this server.
    init(from decoder: any Decoder) throws(ReportRejection) {
        let fields: KeyedDecodingContainer<Field>
        do {
            fields = try decoder.container(keyedBy: Field.self)
        } catch {
            throw .notAnObject
        }
        try self.init(
            service: fields.read(String.self, .service, "a text"),
            peer: fields.read(String.self, .peer, "a text"),
            status: fields.read(Int.self, .status, "a whole number from 100 to 599"),
            error: fields.read(String.self, .error, "one of \(Self.errorNames)"),
            latencyMilliseconds: fields.read(Double.self, .latency, "a number from 0 to 3600000"),
            count: fields.read(Int.self, .count, "a whole number from 1 to 1000000"),
            reporter: fields.read(String.self, .reporter, "a text")
        )
    }

    /// Checks the values of the fields; `nil` is an absent one.
    init(
        service: String?,
        peer: String?,
        status: Int?,
        error: String?,
        latencyMilliseconds: Double?,
        count: Int?,
        reporter: String?
    ) throws(ReportRejection) {
        guard let service else { throw .invalidOutcome("service: missing") }
        guard let peer else { throw .invalidOutcome("peer: missing") }
        self.service = service
        do {
            self.peer = try PeerAddress(peer)
        } catch {
            throw .invalidOutcome("peer: \(error)")
        }
        result = try Self.result(status: status, error: error)
        guard latencyMilliseconds.map({ 0...3_600_000 ~= $0 }) ?? true else {
            throw .invalidOutcome("latency_ms: found \(latencyMilliseconds ?? 0), allowed is 0 to 3600000")
        }
        self.latencyMilliseconds = latencyMilliseconds
        guard 1...1_000_000 ~= count ?? 1 else { throw .invalidOutcome("count: found \(count ?? 1), allowed is 1 to 1000000") }
        self.count = UInt32(count ?? 1)
        guard (reporter ?? "").utf8.count <= Self.reporterLimit else {
            throw .invalidOutcome("reporter: found \((reporter ?? "").utf8.count) bytes, allowed are at most \(Self.reporterLimit)")
        }
        self.reporter = reporter == "" ? nil : reporter
    }

    private static func result(status: Int?, error: String?) throws(ReportRejection) -> Outcome.Result {
        switch (status, error) {
        case (let status?, nil):
            guard 100...599 ~= status else { throw .invalidOutcome("status: found \(status), allowed is 100 to 599") }
            return .status(UInt16(status))
        case (nil, let error?):
            guard let kind = Outcome.ErrorKind(rawValue: error) else {
                throw .invalidOutcome("error: found \"\(error.cut(bytes: 64))\", allowed is one of \(errorNames)")
            }
            return .error(kind)
        case (nil, nil): throw .invalidOutcome("neither status nor error: an outcome has one of them")
        default: throw .invalidOutcome("both status and error: an outcome has one of them")
        }
    }

    private static let errorNames = Outcome.ErrorKind.allCases.map(\.rawValue).joined(separator: ", ")
}

extension KeyedDecodingContainer {
    /// The value of a field, `nil` when it is absent or null.
    fileprivate func read<Value: Decodable>(
        _ type: Value.Type,
        _ key: Key,
        _ expected: @autoclosure () -> String
    ) throws(ReportRejection) -> Value? {
        do {
            return try decodeIfPresent(type, forKey: key)
        } catch {
            throw .invalidOutcome("\(key.stringValue): expected \(expected())")
        }
    }
}

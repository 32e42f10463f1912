/// One reported result: what a client saw when it called a peer.
package struct Outcome: Sendable, Equatable {
    /// How the call ended.
    package let result: Result
    /// How long it took, in milliseconds, 0 to 3,600,000; `nil` when the client did not say.
    package let latencyMilliseconds: Double?
    /// How many calls this stands for, 1 to 1,000,000: clients may add up.
    package let count: UInt32
    /// Who reports: what the report says, else the address of the client.
    package let reporter: String

    /// How a call ended.
    package enum Result: Sendable, Hashable {
        /// The peer answered with this HTTP status, 100 to 599.
        case status(UInt16)
        /// There was no answer.
        case error(ErrorKind)
    }

    /// Why there was no answer.
    package enum ErrorKind: String, Sendable, CaseIterable {
        /// No connection could be made.
        case connect
        /// The answer did not come in time.
        case timeout
        /// The connection broke.
        case reset
        /// Anything else.
        case other
    }

    /// Makes an outcome; the caller has checked the ranges.
    package init(result: Result, latencyMilliseconds: Double? = nil, count: UInt32 = 1, reporter: String) {
        self.result = result
        self.latencyMilliseconds = latencyMilliseconds
        self.count = count
        self.reporter = reporter
    }
}

extension Outcome.Result {
    /// Whether it is a failure: every error, and a status that is among `failureStatuses`.
    package func isFailure(_ failureStatuses: StatusSet) -> Bool {
        switch self {
        case .error: true
        case .status(let status): failureStatuses.contains(Int(status))
        }
    }

    /// The range of ``code``.
    static let codes = 1..<600

    /// The result as one number, for tables: a status is itself, the errors follow below 100.
    package var code: UInt16 {
        switch self {
        case .status(let status): status
        case .error(.connect): 1
        case .error(.timeout): 2
        case .error(.reset): 3
        case .error(.other): 4
        }
    }

    /// The result that has this number.
    package init?(code: UInt16) {
        switch code {
        case 1: self = .error(.connect)
        case 2: self = .error(.timeout)
        case 3: self = .error(.reset)
        case 4: self = .error(.other)
        case 100...599: self = .status(code)
        default: return nil
        }
    }
}

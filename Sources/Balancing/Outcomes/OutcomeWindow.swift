/// Requests and failures of the last few seconds, the running one included, with their sums at hand.
///
/// Adding and asking take constant time: sums are kept, and a second that leaves the window is subtracted once.
struct OutcomeWindow: Sendable {
    /// Those of one second: as many as fit.
    private struct Second: Sendable {
        var requests: UInt32 = 0
        var failures: UInt32 = 0
    }

    /// Requests, and how many of them failed.
    struct Counts: Sendable {
        var requests: UInt64 = 0
        var failures: UInt64 = 0

        init() {}

        fileprivate init(_ requests: UInt32, _ failures: UInt32) {
            self.requests = UInt64(requests)
            self.failures = UInt64(failures)
        }

        static func += (left: inout Counts, right: Counts) {
            left.requests += right.requests
            left.failures += right.failures
        }

        static func -= (left: inout Counts, right: Counts) {
            left.requests -= right.requests
            left.failures -= right.failures
        }
    }

    private var countsBySecond: [Second]
    /// The second last advanced to.
    private(set) var newest: UInt32 = 0
    /// The sums over the window that ends with ``newest``.
    private(set) var sum = Counts()

    /// Makes an empty window of 1 to 60 seconds.
    init(seconds: Int) {
        countsBySecond = Array(repeating: Second(), count: seconds)
    }

    /// How many seconds it covers.
    var seconds: Int { countsBySecond.count }

    /// Moves on to a second; one in the past changes nothing.
    mutating func advance(to second: UInt32) {
        guard second > newest else { return }
        for skipped in 1...min(second - newest, UInt32(seconds)) {
            let slot = Int((newest + skipped) % UInt32(seconds))
            sum -= Counts(countsBySecond[slot].requests, countsBySecond[slot].failures)
            countsBySecond[slot] = Second()
        }
        newest = second
    }

    /// Adds requests of a second, all of them failures or none; a second that has left the window is dropped.
    mutating func add(_ requests: UInt32, isFailure: Bool, at second: UInt32) {
        advance(to: second)
        guard newest - second < UInt32(seconds) else { return }
        let slot = Int(second % UInt32(seconds))
        let counted = min(requests, .max - countsBySecond[slot].requests)
        let failures = isFailure ? counted : 0
        countsBySecond[slot].requests += counted
        countsBySecond[slot].failures += failures
        sum += Counts(counted, failures)
    }
}

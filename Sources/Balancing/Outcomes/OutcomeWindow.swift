/// Requests and failures of the last few seconds, the running one included, with their sums at hand.
///
/// Adding and asking take constant time: sums are kept, and a second that leaves the window is subtracted once.
struct OutcomeWindow: Sendable {
    /// Requests, and how many of them failed.
    struct Counts: Sendable {
        var requests: UInt64 = 0
        var failures: UInt64 = 0

        static func += (left: inout Counts, right: Counts) {
            left.requests += right.requests
            left.failures += right.failures
        }

        static func -= (left: inout Counts, right: Counts) {
            left.requests -= right.requests
            left.failures -= right.failures
        }
    }

    private var countsBySecond: [Counts]
    private var newest: UInt32 = 0
    /// The sums over the window that ends with the second last advanced to.
    private(set) var sum = Counts()

    /// Makes an empty window of 1 to 60 seconds.
    init(seconds: Int) {
        countsBySecond = Array(repeating: Counts(), count: seconds)
    }

    /// How many seconds it covers.
    var seconds: Int { countsBySecond.count }

    /// Moves on to a second; one in the past changes nothing.
    mutating func advance(to second: UInt32) {
        guard second > newest else { return }
        for skipped in 1...min(second - newest, UInt32(seconds)) {
            let slot = Int((newest + skipped) % UInt32(seconds))
            sum -= countsBySecond[slot]
            countsBySecond[slot] = Counts()
        }
        newest = second
    }

    /// Adds requests of a second, all of them failures or none; a second that has left the window is dropped.
    mutating func add(_ requests: UInt32, isFailure: Bool, at second: UInt32) {
        advance(to: second)
        guard newest - second < UInt32(seconds) else { return }
        let counts = Counts(requests: UInt64(requests), failures: isFailure ? UInt64(requests) : 0)
        countsBySecond[Int(second % UInt32(seconds))] += counts
        sum += counts
    }
}

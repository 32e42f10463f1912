/// Requests and failures of the last few seconds, the running one included, with their sums at hand.
///
/// Adding and asking take constant time: sums are kept, and a second that leaves the window is subtracted once.
struct OutcomeWindow: Sendable {
    private var requestsBySecond: [UInt64]
    private var failuresBySecond: [UInt64]
    private var newest: UInt32 = 0
    private(set) var requests: UInt64 = 0
    private(set) var failures: UInt64 = 0

    /// Makes an empty window of 1 to 60 seconds.
    init(seconds: Int) {
        requestsBySecond = Array(repeating: 0, count: seconds)
        failuresBySecond = requestsBySecond
    }

    /// How many seconds it covers.
    var seconds: Int { requestsBySecond.count }

    /// Moves on to a second; one in the past changes nothing.
    mutating func advance(to second: UInt32) {
        guard second > newest else { return }
        for skipped in 1...min(second - newest, UInt32(seconds)) {
            let slot = Int((newest &+ skipped) % UInt32(seconds))
            requests -= requestsBySecond[slot]
            failures -= failuresBySecond[slot]
            requestsBySecond[slot] = 0
            failuresBySecond[slot] = 0
        }
        newest = second
    }

    /// Adds requests of a second, all of them failures or none; a second that has left the window is dropped.
    mutating func add(_ count: UInt64, isFailure: Bool, at second: UInt32) {
        advance(to: second)
        guard newest - second < UInt32(seconds) else { return }
        let slot = Int(second % UInt32(seconds))
        requestsBySecond[slot] += count
        requests += count
        guard isFailure else { return }
        failuresBySecond[slot] += count
        failures += count
    }
}

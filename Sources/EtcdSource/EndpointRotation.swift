/// Which of several endpoints is asked, and which one after it failed.
///
/// A pure value. Every process has a random order of its own, so that many of them spread over the members. A session begins with
/// the endpoint that worked last, and tries every other one before it counts as failed: an endpoint that was left is tried again in
/// its turn, never before the others.
struct EndpointRotation: Sendable {
    private let order: [Int]
    /// The place in the order of the endpoint in use.
    private var place = 0
    /// How many endpoints the session may still try.
    private var untried = 0
    /// Whether the session has tried the endpoint in use.
    private var isTried = false

    /// Makes the rotation of `count` endpoints in a random order.
    init(count: Int, using generator: inout some RandomNumberGenerator) {
        order = (0..<count).shuffled(using: &generator)
    }

    /// Begins a session: every endpoint may be tried, the one in use first.
    mutating func beginSession() {
        untried = order.count
        isTried = false
    }

    /// The endpoint to try next; `nil` when the session has tried each of them in vain.
    mutating func next() -> Int? {
        guard untried > 0 else { return nil }
        if isTried { place = (place + 1) % order.count }
        untried -= 1
        isTried = true
        return order[place]
    }

    /// Notes that the endpoint in use did its work for a while before it failed: every one may be tried again, this one last. A single
    /// endpoint is not, since clients that failed together must not come back together.
    mutating func noteSuccess() {
        untried = order.count > 1 ? order.count : 0
    }

    /// Has the next session begin with this endpoint.
    mutating func choose(_ endpoint: Int) {
        place = order.firstIndex(of: endpoint) ?? place
    }
}

/// A way to choose backends.
protocol Strategy {
    /// Chooses the backend of a request.
    mutating func pick(_ request: Scenario.Request) -> Int

    /// Learns how a request ended that went to a backend.
    mutating func end(_ request: Scenario.Request, of backend: Int, _ ending: Ending, at now: Microseconds)

    /// Learns of one more backend.
    mutating func join(_ backend: Int, at now: Microseconds)

    /// When ``advance(to:)`` next has something to do.
    var deadline: Microseconds { get }

    /// Does what is due.
    mutating func advance(to now: Microseconds)
}

extension Strategy {
    var deadline: Microseconds { .max }

    mutating func advance(to now: Microseconds) {}
}

/// How a request ended.
enum Ending {
    case success
    /// The backend said that it cannot.
    case refusal
    /// The client has waited long enough.
    case timeout
}

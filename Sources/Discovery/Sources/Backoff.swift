/// How long to wait before another attempt: exponential with full jitter.
///
/// The n-th wait after a success is uniformly random between 0 and min(`maximum`, `initial` x 2^(n-1)), so that many
/// clients that failed together do not come back together ("Exponential Backoff and Jitter", AWS Architecture Blog, 2015).
package struct Backoff: Sendable {
    private let initial: Duration
    private let maximum: Duration
    private var ceiling: Duration

    /// Makes a backoff; the defaults are 0.8 s, doubling up to 5 s.
    package init(initial: Duration = .milliseconds(800), maximum: Duration = .seconds(5)) {
        self.initial = initial
        self.maximum = maximum
        self.ceiling = initial
    }

    /// The next wait.
    package mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        let wait = ceiling * Double.random(in: 0...1, using: &generator)
        ceiling = min(maximum, ceiling * 2)
        return wait
    }

    /// Starts again from the shortest wait: the last attempt was a success.
    package mutating func reset() {
        ceiling = initial
    }
}

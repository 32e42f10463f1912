package import Balancing

extension Configuration {
    /// The log check: which outcomes of a peer eject it, and for how long.
    package struct LogCheck: Sendable, Equatable {
        /// Whether outcomes eject peers. The default is true.
        package internal(set) var enabled = true
        /// The time from one sweep to the next. The default is 5 s.
        package internal(set) var interval = Duration.seconds(5)
        /// How far back a sweep looks: whole seconds, 1 to 60. The default is 10 s.
        package internal(set) var window = Duration.seconds(10)
        /// How many requests in the window a verdict needs, 1 to 10^9. The default is 10.
        package internal(set) var minRequests = 10
        /// The share of failures above which a peer is ejected, 0 to 1. The default is 0.5.
        package internal(set) var failureRatio = 0.5
        /// How many failures in a row eject a peer at once, up to 10^9; 0 is off. The default is 5.
        package internal(set) var consecutiveFailures = 5
        /// The statuses that are failures. The default is 500 to 599.
        package internal(set) var failureStatus = StatusSet([500...599])
        /// How many reporters must agree, 1 to 64. The default is 1.
        package internal(set) var minReporters = 1
        /// How long a first ejection lasts. The default is 60 s.
        package internal(set) var recover = Duration.seconds(60)
        /// How long any ejection lasts at most. The default is 300 s.
        package internal(set) var maxRecover = Duration.seconds(300)
        /// The share of candidates that may be out at once, 0 to 1. The default is 0.5.
        package internal(set) var maxEjected = 0.5
        /// Whether a passing active check ends an ejection. The default is false.
        package internal(set) var readmitOnCheck = false
    }
}

/// When log check ejects peers of a service, and for how long. The defaults are those of the configuration.
package struct LogCheckSettings: Sendable, Equatable {
    /// Whether outcomes eject peers. The default is true.
    package var isEnabled = true
    /// The time between two sweeps. The default is 5 s.
    package var interval = Duration.seconds(5)
    /// How many seconds a sweep looks back, 1 to 60. The default is 10.
    package var window = 10
    /// How many requests in the window a verdict needs. The default is 10.
    package var minRequests: UInt64 = 10
    /// The share of failures above which a peer is ejected. The default is 0.5.
    package var failureRatio = 0.5
    /// How many failures in a row eject at once; 0: none do. The default is 5.
    package var consecutiveFailures: UInt64 = 5
    /// The statuses that are failures, as every error is. The default is 500 to 599.
    package var failureStatuses = StatusSet.serverErrors
    /// How many reporters must agree, 1 to 64. The default is 1.
    package var minReporters = 1
    /// How long a first ejection lasts. The default is 60 s.
    package var recover = Duration.seconds(60)
    /// How long any ejection lasts at most. The default is 300 s.
    package var maxRecover = Duration.seconds(300)
    /// The share of the candidates that may be out at once. The default is 0.5.
    package var maxEjected = 0.5
    /// Whether a passing active check ends an ejection. The default is false.
    package var readmitOnCheck = false

    /// The default settings.
    package init() {}
}

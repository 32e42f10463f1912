internal import Balancing

extension Configuration {
    /// How the peers of a service are judged and picked.
    func serviceSettings(_ name: String) -> Balancing.ServiceSettings {
        let configured = settings(forService: name)
        var settings = Balancing.ServiceSettings()
        settings.healthCheck = configured.healthCheck.settings
        settings.logCheck = configured.logCheck.settings
        settings.panicThreshold = configured.panicThreshold
        settings.policy = configured.policy
        settings.slowStart = configured.slowStart
        settings.checkURL = configured.checkURL
        return settings
    }
}

extension Configuration.HealthCheck {
    fileprivate var settings: HealthCheckSettings {
        var settings = HealthCheckSettings()
        settings.isEnabled = enabled
        settings.interval = interval
        settings.timeout = timeout
        settings.rise = rise
        settings.fall = fall
        settings.jitter = jitter
        settings.picksNewPeers = newPeer == .up
        settings.okStatuses = okStatus
        return settings
    }
}

extension Configuration.LogCheck {
    fileprivate var settings: LogCheckSettings {
        var settings = LogCheckSettings()
        settings.isEnabled = enabled
        settings.interval = interval
        settings.window = Int(window / .seconds(1))
        settings.minRequests = UInt64(minRequests)
        settings.failureRatio = failureRatio
        settings.consecutiveFailures = UInt64(consecutiveFailures)
        settings.failureStatuses = failureStatus
        settings.minReporters = minReporters
        settings.recover = recover
        settings.maxRecover = maxRecover
        settings.maxEjected = maxEjected
        settings.readmitOnCheck = readmitOnCheck
        return settings
    }
}

package import Balancing

extension Configuration {
    /// Everything that can differ from service to service.
    package struct ServiceSettings: Sendable, Equatable {
        /// The active check.
        package internal(set) var healthCheck = HealthCheck()
        /// The log check.
        package internal(set) var logCheck = LogCheck()
        /// The share of eligible candidates below which all are picked; 0 is off. The default is 0.25.
        package internal(set) var panicThreshold = 0.25
        /// The policy. The default is weighted round robin.
        package internal(set) var policy = Policy.weightedRoundRobin
        /// The ramp of the service's peers whose own value does not say; zero is off. The default, nil, is that of their source.
        package internal(set) var slowStart: Duration?
        /// The check URL of the service's peers whose own value does not say; empty: they are not probed. The default, nil, is that of their source.
        package internal(set) var checkURL: String?
    }

    /// One entry of `services`.
    package struct ServiceRule: Sendable, Equatable {
        /// The services that the entry is for.
        package let pattern: ServicePattern
        /// The settings of these services: what the entry says, for the rest what the file says for all services.
        package let settings: ServiceSettings
    }

    /// The settings of a service: those of the entry with its exact name, else of the matching glob with the most literal characters, else
    /// those for all services.
    ///
    /// It looks at every entry: ask when a service appears, not for each pick.
    package func settings(forService name: String) -> ServiceSettings {
        let matching = services.filter { $0.pattern.matches(name) }
        let exact = matching.first { $0.pattern.isExact }
        return (exact ?? matching.max { $0.pattern.literalCount < $1.pattern.literalCount })?.settings ?? defaults
    }
}

internal import Balancing

extension ConfigurationReader {
    /// Reads what every service has and one service may have in its own way.
    ///
    /// - Parameter isForAll: whether the section is the one of all services, which also says how many checks run at a time: they share that.
    func readSettings(_ section: ConfigurationSection, isForAll: Bool, into settings: inout Configuration.ServiceSettings) {
        section.readSection("health_check") { section in
            readHealthCheck(section, into: &settings.healthCheck)
            if isForAll { section.read("concurrency", .integer(in: 1...65535), into: &settings.healthCheck.concurrency) }
        }
        section.readSection("log_check") { readLogCheck($0, into: &settings.logCheck) }
        section.read("panic_threshold", .ratio, into: &settings.panicThreshold)
        section.read("policy", .choice, into: &settings.policy)
    }

    /// Reads `services`; each rule starts from the settings of all services.
    func readServices(_ section: ConfigurationSection, defaults: Configuration.ServiceSettings) -> [Configuration.ServiceRule] {
        var rules: [Configuration.ServiceRule] = []
        section.readSection("services") { services in
            for entry in services.readAllEntries() {
                guard let pattern = ServicePattern(entry.key) else {
                    let expected = "the name of a service (letters, digits, - _ .) or a glob with * and ?"
                    diagnostics.fail(entry.path, at: entry.position, "found \(entry.key.quotedForMessage), expected \(expected)")
                    continue
                }
                if let other = rules.first(where: { $0.pattern.isAmbiguous(with: pattern) })?.pattern {
                    let line = services.position(of: other.description).line
                    let found = "as specific as \(other) (line \(line)), and one service can match both"
                    diagnostics.fail(entry.path, at: entry.position, "\(found); expected one of them with more literal characters")
                }
                var settings = defaults
                diagnostics.readSection(entry) { section in
                    readSettings(section, isForAll: false, into: &settings)
                    section.read("slow_start", .duration(orZero: true), into: &settings.slowStart)
                    section.read("check_url", .checkURL, into: &settings.checkURL)
                }
                rules.append(.init(pattern: pattern, settings: settings))
            }
        }
        return rules
    }

    private func readHealthCheck(_ section: ConfigurationSection, into check: inout Configuration.HealthCheck) {
        section.read("enabled", .boolean, into: &check.enabled)
        section.read("interval", .duration(), into: &check.interval)
        section.read("timeout", .duration(), into: &check.timeout)
        section.read("rise", .integer(in: 1...100), into: &check.rise)
        section.read("fall", .integer(in: 1...100), into: &check.fall)
        section.read("jitter", .ratio, into: &check.jitter)
        section.read("new_peer", .choice, into: &check.newPeer)
        readStatuses("ok_status", section, allowsEmpty: false, into: &check.okStatus)
    }

    private func readLogCheck(_ section: ConfigurationSection, into check: inout Configuration.LogCheck) {
        section.read("enabled", .boolean, into: &check.enabled)
        section.read("interval", .duration(), into: &check.interval)
        section.read("window", .wholeSeconds(in: 1...60), into: &check.window)
        section.read("min_requests", .integer(in: 1...1_000_000_000), into: &check.minRequests)
        section.read("failure_ratio", .ratio, into: &check.failureRatio)
        section.read("consecutive_failures", .integer(in: 0...1_000_000_000), into: &check.consecutiveFailures)
        readStatuses("failure_status", section, allowsEmpty: true, into: &check.failureStatus)
        section.read("min_reporters", .integer(in: 1...64), into: &check.minReporters)
        section.read("recover", .duration(), into: &check.recover)
        section.read("max_recover", .duration(), into: &check.maxRecover)
        section.read("max_ejected", .ratio, into: &check.maxEjected)
        section.read("readmit_on_check", .boolean, into: &check.readmitOnCheck)
    }

    private func readStatuses(_ key: String, _ section: ConfigurationSection, allowsEmpty: Bool, into statuses: inout StatusSet) {
        let expected = "a list of statuses such as [503, 5xx, 500-599]"
        if let ranges = section.readList(key, of: .statuses, expecting: expected, allowsEmpty: allowsEmpty) {
            statuses = StatusSet(ranges)
        }
    }
}

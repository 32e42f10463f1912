import Logging
import Yams

/// Reads the tree of a configuration file into a configuration, and leaves what is wrong in the diagnostics.
struct ConfigurationReader {
    let diagnostics: ConfigurationDiagnostics
    /// The directory of the configuration file, empty or with a slash at the end.
    private let directory: String

    init(file: String, diagnostics: ConfigurationDiagnostics) {
        self.diagnostics = diagnostics
        directory = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
    }

    /// The rule for paths of files.
    var path: ConfigurationRule<String> { .path(relativeTo: directory) }

    /// The peers file of a file source that does not say.
    var defaultFile: Configuration.File { .init(path: directory + Configuration.File().path) }

    /// The configuration; it is of use only when the diagnostics hold no error then.
    func read(_ root: Node?) -> Configuration {
        var configuration = Configuration()
        configuration.sources = [.init(.file(defaultFile))]
        guard let root else { return configuration }
        let value = YAMLValue(root, environment: diagnostics.environment)
        if case .null = value.kind { return configuration }
        let entry = ConfigurationSection.Entry(key: "", path: "", position: .start, value: value)
        diagnostics.readSection(entry) { readAll($0, into: &configuration) }
        return configuration
    }

    private func readAll(_ section: ConfigurationSection, into configuration: inout Configuration) {
        section.read("listen", .listen, into: &configuration.listen)
        section.read("workers", .integer(in: 0...1024), into: &configuration.workers)
        section.read("shutdown_timeout", .duration(), into: &configuration.shutdownTimeout)
        section.read("ready_timeout", .duration(orZero: true), into: &configuration.readyTimeout)
        configuration.sources = readSources(section) ?? configuration.sources
        section.read("combine", .choice, into: &configuration.combine)
        section.read("stale_after", .duration(orZero: true), into: &configuration.staleAfter)
        readSettings(section, isForAll: true, into: &configuration.defaults)
        configuration.services = readServices(section, defaults: configuration.defaults)
        section.read("state_file", path, into: &configuration.stateFile)
        section.readSection("limits") { readLimits($0, into: &configuration.limits) }
        section.readSection("lease") { $0.read("valid", .duration(), into: &configuration.lease.valid) }
        section.readSection("metrics") { $0.read("per_peer", .boolean, into: &configuration.metrics.perPeer) }
        section.readSection("tls") { configuration.tls = readTLS($0) }
        section.readSection("auth") { configuration.auth = readAuth($0) }
        section.readSection("log") { readLog($0, into: &configuration.log) }
        NotYet.refuse(diagnostics)
    }

    private func readLimits(_ section: ConfigurationSection, into limits: inout Configuration.Limits) {
        section.read("connections", .integer(in: 1...1_000_000), into: &limits.connections)
        section.read("connections_per_ip", .integer(in: 0...1_000_000), into: &limits.connectionsPerIP)
        section.read("header_timeout", .duration(), into: &limits.headerTimeout)
        section.read("idle_timeout", .duration(), into: &limits.idleTimeout)
        section.read("body_bytes", .integer(in: 1024...1_073_741_824), into: &limits.bodyBytes)
    }

    private func readTLS(_ section: ConfigurationSection) -> Configuration.TLS {
        var tls = Configuration.TLS(certFile: "", keyFile: "")
        section.read("cert_file", path, into: &tls.certFile)
        section.require("cert_file", "the path of a file")
        section.read("key_file", path, into: &tls.keyFile)
        section.require("key_file", "the path of a file")
        section.read("client_ca_file", path, into: &tls.clientCAFile)
        return tls
    }

    private func readAuth(_ section: ConfigurationSection) -> Configuration.Auth {
        var auth = Configuration.Auth()
        section.read("token_file", path, into: &auth.tokenFile)
        section.read("admin_token_file", path, into: &auth.adminTokenFile)
        return auth
    }

    private func readLog(_ section: ConfigurationSection, into log: inout Configuration.Log) {
        section.read("level", .choice, into: &log.level)
        section.read("format", .choice, into: &log.format)
    }
}

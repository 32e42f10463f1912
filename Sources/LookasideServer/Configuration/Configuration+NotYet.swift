/// Everything that a configuration may say and this version does not do: whoever builds one of these deletes its line.
enum NotYet {
    /// A key that counts when the file has it and what it says asks for more than this version does.
    private struct Row<Subject>: Sendable {
        let key: String
        let message: String
        let asks: @Sendable (Subject) -> Bool

        init(
            _ key: String,
            _ message: String = "not in this version yet",
            when asks: @escaping @Sendable (Subject) -> Bool = { _ in true }
        ) {
            self.key = key
            self.message = message
            self.asks = asks
        }
    }

    /// Errors: to go on without would open or limit the server other than the operator said, or pick other peers.
    private static let refused: [Row<Configuration>] = [
        Row("tls"),
        Row("auth"),
        Row("limits.connections"),
        Row("limits.connections_per_ip"),
        Row("limits.header_timeout"),
        Row("limits.idle_timeout"),
    ]

    /// Warnings: picks are served, with less around them.
    private static let ignored: [Row<Configuration>] = [
        Row("policy") { $0.defaults.policy != .weightedRoundRobin }
    ]

    /// Warnings, below each entry of `services`.
    private static let ignoredForService: [Row<Configuration.ServiceSettings>] = [
        Row("policy") { $0.policy != .weightedRoundRobin }
    ]

    /// Adds an error for each refused key, and the paths of the ignored ones to the configuration.
    static func check(_ configuration: inout Configuration, diagnostics: ConfigurationDiagnostics) {
        for row in refused where row.asks(configuration) {
            fail(row.key, row.message, diagnostics)
        }

        var asked = paths(ignored, below: "", of: configuration)
        for rule in configuration.services {
            asked += paths(ignoredForService, below: "\(ConfigurationPath.service(rule.pattern.description)).", of: rule.settings)
        }
        let given = asked.compactMap { path in diagnostics.positions[path].map { (path: path, position: $0) } }
        configuration.notYet = given.sorted { $0.position < $1.position }.map(\.path)
    }

    private static func paths<Subject>(_ rows: [Row<Subject>], below prefix: String, of subject: Subject) -> [String] {
        rows.filter { $0.asks(subject) }.map { prefix + $0.key }
    }

    private static func fail(_ path: String, _ message: String, _ diagnostics: ConfigurationDiagnostics) {
        if let position = diagnostics.positions[path] {
            diagnostics.fail(path, at: position, message)
        }
    }
}

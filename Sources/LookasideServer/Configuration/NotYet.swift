/// The keys that this version cannot honour: whoever builds one of them deletes it here.
///
/// They are errors, for to go on without would open or limit the server other than the operator said.
enum NotYet {
    private static let keys = [
        "tls", "auth", "limits.connections", "limits.connections_per_ip", "limits.header_timeout", "limits.idle_timeout",
    ]

    /// Adds an error for each of these keys that the file has.
    static func refuse(_ diagnostics: ConfigurationDiagnostics) {
        for key in keys {
            guard let position = diagnostics.positions[key] else { continue }
            diagnostics.fail(key, at: position, "not in this version yet")
        }
    }
}

import Testing

@testable import LookasideServer

struct ConfigurationNotYetTests {
    @Test(arguments: [
        ("tls: {cert_file: c, key_file: k}", "1:1: tls: not in this version yet"),
        ("auth: {}", "1:1: auth: not in this version yet"),
        ("limits:\n  connections: 10000", "2:3: limits.connections: not in this version yet"),
        ("limits:\n  connections_per_ip: 0", "2:3: limits.connections_per_ip: not in this version yet"),
        ("limits:\n  header_timeout: 10", "2:3: limits.header_timeout: not in this version yet"),
        ("limits:\n  idle_timeout: 60", "2:3: limits.idle_timeout: not in this version yet"),
    ])
    func `a key that this version cannot honour is refused`(yaml: String, error: String) {
        #expect(Configuration.errors(yaml) == ["lookaside.yaml:" + error])
    }

    @Test func `a refused section is validated too`() {
        #expect(
            Configuration.errors("tls: {cert_file: c, client_ca: x}\nauth: {token_file: 5}") == [
                "lookaside.yaml:1:1: tls.key_file: missing, expected the path of a file",
                "lookaside.yaml:1:1: tls: not in this version yet",
                "lookaside.yaml:1:21: tls.client_ca: unknown key; allowed: cert_file, key_file, client_ca_file",
                "lookaside.yaml:2:1: auth: not in this version yet",
                "lookaside.yaml:2:8: auth.token_file: found 5, expected a string (in quotes)",
            ]
        )
    }
}

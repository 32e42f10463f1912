import Testing

@testable import LookasideServer

struct ConfigurationNotYetTests {
    @Test func `what the example asks for in vain is listed once, in the order of the file`() throws {
        #expect(
            try Configuration.valid(Configuration.example).notYet == ["policy", "services.web-*.policy"]
        )
    }

    @Test(arguments: [
        ("health_check: {interval: 1}", []), ("log_check: {window: 5}", []), ("panic_threshold: 0.25", []), ("policy: weighted_round_robin", []),
        ("policy: random", ["policy"]), ("metrics: {per_peer: true}", []), ("lease: {valid: 1}", []), ("combine: first", []), ("stale_after: 0", []),
        ("limits: {body_bytes: 2048}", []), ("services: {a.b: {slow_start: 5, policy: random}}", ["services.\"a.b\".policy"]),
        ("services: {a: {check_url: \"tcp:\", health_check: {rise: 1}}}", []),
        ("policy: random\nservices: {a: {policy: weighted_round_robin}}", ["policy"]),
        ("sources: [file: {empty_guard: 5}]", []),
        ("sources: [etcd: {endpoints: [http://a], ca_file: c, prefix: x, empty_guard: 0}]", []),
        ("sources: [etcd: {endpoints: [http://a], api: v2, empty_guard: 0}]", []),
        ("sources: [kubernetes: {namespace: \"*\", resource: endpoints, empty_guard: 0}]", []),
    ])
    func `a key is listed when it asks for more than this version does`(yaml: String, paths: [String]) throws {
        #expect(try Configuration.valid(yaml).notYet == paths)
    }

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

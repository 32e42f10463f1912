import Testing

@testable import LookasideServer

extension Configuration {
    /// Every key that this version takes, most of them with other values than the defaults.
    static let example = """
        listen: "[::]:8081"
        workers: 4
        shutdown_timeout: 1m
        ready_timeout: 0
        sources:
          - etcd:
              name: main-etcd
              endpoints: [http://127.0.0.1:2379, "https://[::1]:2379/"]
              prefix: v1/production
              api: v3
              username: lookaside
              password_file: secrets/etcd
              ca_file: ca.pem
              cert_file: client.pem
              key_file: /etc/client.key
              empty_guard: 45
          - kubernetes:
              server: https://127.0.0.1:6443
              namespace: "*"
              token_file: token
              ca_file: kubernetes-ca.pem
              cert_file: kubernetes.pem
              key_file: kubernetes.key
              resource: endpoints
              port_name: http
              port: 8080
              label_selector: app=web
              weight: 2.5
              slow_start: 15
              check_url: /ready
          - file:
              name: peers
              path: peers/main.yaml
              empty_guard: 0
        combine: merge
        stale_after: 250ms
        health_check:
          enabled: true
          interval: 2.5
          timeout: 500ms
          rise: 1
          fall: 100
          jitter: 0
          concurrency: 16
          new_peer: down
          ok_status: [200, 3xx, 400-404]
        log_check:
          enabled: true
          interval: 1
          window: 60s
          min_requests: 1000000000
          failure_ratio: 1
          consecutive_failures: 0
          failure_status: [5xx, 429]
          min_reporters: 64
          recover: 0.05
          max_recover: 24h
          max_ejected: 0.25
          readmit_on_check: true
        panic_threshold: 0.1
        policy: peak_ewma
        services:
          web-*:
            policy: least_outstanding
            health_check: { interval: 1, enabled: false }
            log_check: { window: 30 }
          web-shop:
            panic_threshold: 0
            slow_start: 0
            check_url: ""
        state_file: /var/lib/lookaside/state.json
        limits:
          body_bytes: 2048
        lease:
          valid: 2
        metrics:
          per_peer: true
        log:
          level: debug
          format: json

        """

    /// The errors of a text, one line each; none when it is valid.
    static func errors(_ yaml: String, environment: [String: String] = [:]) -> [String] {
        do {
            _ = try read(yaml: yaml, file: "lookaside.yaml", environment: environment)
            return []
        } catch {
            return error.errors.map(\.description)
        }
    }

    /// A configuration from a text that must be valid.
    static func valid(_ yaml: String, file: String = "lookaside.yaml", environment: [String: String] = [:]) throws -> Configuration {
        try read(yaml: yaml, file: file, environment: environment)
    }
}

extension Configuration.Source {
    /// The settings of an etcd source.
    var etcd: Configuration.Etcd? {
        if case .etcd(let etcd) = kind { etcd } else { nil }
    }

    /// The settings of a Kubernetes source.
    var kubernetes: Configuration.Kubernetes? {
        if case .kubernetes(let kubernetes) = kind { kubernetes } else { nil }
    }

    /// The settings of a file source.
    var file: Configuration.File? {
        if case .file(let file) = kind { file } else { nil }
    }
}

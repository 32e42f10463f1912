import Balancing
import Discovery
import Testing

@testable import LookasideServer

struct ConfigurationReadingTests {
    private let example: Configuration

    init() throws {
        example = try .valid(Configuration.example, file: "/etc/lookaside/lookaside.yaml")
    }

    @Test func `every value at the top is read`() {
        #expect(example.listen == .init(host: "::", port: 8081))
        #expect(example.workers == 4)
        #expect(example.shutdownTimeout == .seconds(60))
        #expect(example.readyTimeout == .zero)
        #expect(example.combine == .merge)
        #expect(example.staleAfter == .milliseconds(250))
        #expect(example.defaults.panicThreshold == 0.1)
        #expect(example.defaults.policy == .peakEWMA)
        #expect(example.defaults.slowStart == nil)
        #expect(example.defaults.checkURL == nil)
        #expect(example.stateFile == "/var/lib/lookaside/state.json")
        #expect(example.limits.bodyBytes == 2048)
        #expect(example.lease.valid == .seconds(2))
        #expect(example.metrics.perPeer)
        #expect("\(example.log.level)" == "debug")
        #expect(example.log.format == .json)
        #expect(example.tls == nil)
        #expect(example.auth == nil)
    }

    @Test func `every value of an etcd source is read`() throws {
        let source = try #require(example.sources.first)
        #expect(source.name == "main-etcd")
        #expect(source.emptyGuard == .seconds(45))
        let etcd = try #require(source.etcd)
        #expect(etcd.endpoints == ["http://127.0.0.1:2379", "https://[::1]:2379"])
        #expect(etcd.prefix == "/v1/production/")
        #expect(etcd.api == .v3)
        #expect(etcd.username == "lookaside")
        #expect(etcd.passwordFile == "/etc/lookaside/secrets/etcd")
        #expect(etcd.caFile == "/etc/lookaside/ca.pem")
        #expect(etcd.certFile == "/etc/lookaside/client.pem")
        #expect(etcd.keyFile == "/etc/client.key")
    }

    @Test func `every value of a kubernetes source is read`() throws {
        let source = try #require(example.sources.dropFirst().first)
        #expect(source.name == "kubernetes")
        #expect(source.emptyGuard == .seconds(30))
        let kubernetes = try #require(source.kubernetes)
        #expect(kubernetes.server == "https://127.0.0.1:6443")
        #expect(kubernetes.kubeconfig == nil)
        #expect(kubernetes.namespace == "*")
        #expect(kubernetes.tokenFile == "/etc/lookaside/token")
        #expect(kubernetes.caFile == "/etc/lookaside/kubernetes-ca.pem")
        #expect(kubernetes.certFile == "/etc/lookaside/kubernetes.pem")
        #expect(kubernetes.keyFile == "/etc/lookaside/kubernetes.key")
        #expect(kubernetes.resource == .endpoints)
        #expect(kubernetes.portName == "http")
        #expect(kubernetes.port == 8080)
        #expect(kubernetes.labelSelector == "app=web")
        #expect(kubernetes.weight == 2.5)
        #expect(kubernetes.slowStart == .seconds(15))
        #expect(kubernetes.checkURL == "/ready")
    }

    @Test func `every value of a file source is read`() throws {
        let source = try #require(example.sources.last)
        #expect(example.sources.count == 3)
        #expect(source.name == "peers")
        #expect(source.emptyGuard == .zero)
        #expect(source.file?.path == "/etc/lookaside/peers/main.yaml")
    }

    @Test func `every value of the checks is read`() {
        let health = example.defaults.healthCheck
        #expect(health.enabled)
        #expect(health.interval == .milliseconds(2500))
        #expect(health.timeout == .milliseconds(500))
        #expect(health.rise == 1)
        #expect(health.fall == 100)
        #expect(health.jitter == 0)
        #expect(health.concurrency == 16)
        #expect(health.newPeer == .down)
        #expect(health.okStatus.description == "200, 300-404")

        let log = example.defaults.logCheck
        #expect(log.enabled)
        #expect(log.interval == .seconds(1))
        #expect(log.window == .seconds(60))
        #expect(log.minRequests == 1_000_000_000)
        #expect(log.failureRatio == 1)
        #expect(log.consecutiveFailures == 0)
        #expect(log.failureStatus.description == "429, 500-599")
        #expect(log.minReporters == 64)
        #expect(log.recover == .milliseconds(50))
        #expect(log.maxRecover == .seconds(86400))
        #expect(log.maxEjected == 0.25)
        #expect(log.readmitOnCheck)
    }

    @Test(arguments: ["", "\n", "# nothing here\n", "---\n", "~\n", "{}\n", "\u{FEFF}"]) func `an empty file is all defaults`(yaml: String) throws {
        #expect(try Configuration.valid(yaml) == Configuration())
    }

    @Test func `the defaults are those of the contract`() {
        let configuration = Configuration()
        #expect(configuration.listen.description == "127.0.0.1:8080")
        #expect(configuration.workers == 0)
        #expect(configuration.shutdownTimeout == .seconds(10))
        #expect(configuration.readyTimeout == .seconds(60))
        #expect(configuration.sources.map(\.name) == ["file"])
        #expect(configuration.sources.first?.file?.path == "peers.yaml")
        #expect(configuration.sources.first?.emptyGuard == .zero)
        #expect(configuration.combine == .merge)
        #expect(configuration.staleAfter == .seconds(30))
        #expect(configuration.defaults.healthCheck.interval == .seconds(5))
        #expect(configuration.defaults.healthCheck.okStatus.description == "200, 204, 301-302, 401, 403-404")
        #expect(configuration.defaults.logCheck.window == .seconds(10))
        #expect(configuration.defaults.logCheck.failureStatus.description == "500-599")
        #expect(configuration.defaults.panicThreshold == 0.25)
        #expect(configuration.defaults.policy == .weightedRoundRobin)
        #expect(configuration.services.isEmpty)
        #expect(configuration.limits.bodyBytes == 1_048_576)
        #expect(configuration.lease.valid == .seconds(5))
        #expect(!configuration.metrics.perPeer)
        #expect("\(configuration.log.level)" == "info")
    }

    @Test func `paths start from the directory of the configuration file`() throws {
        #expect(try Configuration.valid("", file: "conf/lookaside.yaml").sources.first?.file?.path == "conf/peers.yaml")
        #expect(try Configuration.valid("sources: [file: {}]", file: "/lookaside.yaml").sources.first?.file?.path == "/peers.yaml")
        #expect(try Configuration.valid("sources: [file: {path: ../p.yaml}]", file: "a/b.yaml").sources.first?.file?.path == "a/../p.yaml")
        #expect(try Configuration.valid("state_file: /s.json", file: "a/b.yaml").stateFile == "/s.json")
    }

    @Test func `an etcd source needs its endpoints only`() throws {
        let source = try #require(try Configuration.valid("sources: [etcd: {endpoints: [http://etcd:2379]}]").sources.first)
        var expected = Configuration.Source(.etcd(.init(endpoints: ["http://etcd:2379"])))
        #expect(source == expected)
        expected.name = "other"
        #expect(source != expected)
        #expect(source.etcd?.prefix == "/v1/testing/services/")
        #expect(source.name == "etcd")
        #expect(source.emptyGuard == .seconds(30))
    }

    @Test(arguments: [("a", "/a/"), ("/a/b", "/a/b/"), ("a/", "/a/"), ("\"\"", "/"), ("/", "/"), ("/a/", "/a/")])
    func `a prefix starts and ends with a slash`(written: String, prefix: String) throws {
        let configuration = try Configuration.valid("sources: [etcd: {endpoints: [http://etcd:2379], prefix: \(written)}]")
        #expect(configuration.sources.first?.etcd?.prefix == prefix)
    }

    @Test func `anchors and aliases are as if written twice`() throws {
        let yaml = """
            services:
              web: &slow { health_check: { interval: 20 } }
              api: *slow
            """
        let configuration = try Configuration.valid(yaml)
        #expect(configuration.settings(forService: "api").healthCheck.interval == .seconds(20))
        #expect(configuration.settings(forService: "api") == configuration.settings(forService: "web"))
    }

    @Test func `the example of the contract says the defaults`() throws {
        let yaml = """
            listen: 127.0.0.1:8080          # "[::]:8080" (quoted) for all addresses of both families
            workers: 0
            shutdown_timeout: 10
            ready_timeout: 60
            sources:
              - etcd:
                  endpoints: [http://127.0.0.1:2379]
                  prefix: /v1/testing/services/
                  api: v3
                  empty_guard: 30
              - kubernetes: { resource: endpointslices, weight: 100, slow_start: 30, check_url: "" }
              - file: { path: peers.yaml }
            combine: merge
            stale_after: 30
            health_check: { enabled: true, interval: 5, timeout: 3, rise: 2, fall: 3, jitter: 0.1, concurrency: 256, new_peer: up,
                            ok_status: [200, 204, 301, 302, 401, 403, 404] }
            log_check:    { enabled: true, interval: 5, window: 10, min_requests: 10, failure_ratio: 0.5, consecutive_failures: 5,
                            failure_status: [5xx], min_reporters: 1, recover: 60, max_recover: 300, max_ejected: 0.5, readmit_on_check: false }
            panic_threshold: 0.25
            policy: weighted_round_robin
            services:
              web-*: { policy: least_outstanding }
            limits: { body_bytes: 1048576 }
            lease: { valid: 5 }
            metrics: { per_peer: false }
            log: { level: info, format: text }
            """
        var expected = Configuration()
        expected.sources = [
            .init(.etcd(.init(endpoints: ["http://127.0.0.1:2379"]))), .init(.kubernetes(.init(slowStart: .seconds(30), checkURL: ""))),
            .init(.file(.init(path: "peers.yaml"))),
        ]
        var settings = Configuration.ServiceSettings()
        settings.policy = .leastOutstanding
        expected.services = [.init(pattern: try #require(ServicePattern("web-*")), settings: settings)]
        #expect(try Configuration.valid(yaml) == expected)
    }
}

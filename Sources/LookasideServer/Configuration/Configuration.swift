package import Discovery

/// The configuration of the server, as one YAML file holds it.
///
/// Read it with ``load(path:environment:)``. Reading is strict: an unknown or duplicate key, a wrong type, a null, or a value out of range is
/// an error, and all errors are reported together. Types are those of YAML 1.2: `"5"` is a string, only `true` and `false` are booleans.
/// `${NAME}` in a string is the value of an environment variable that must be set; a literal `${` is written `$${`. A duration is a number of
/// seconds or a string `250ms`, `5s`, `1m`, `2h`, from 0.05 to 86400 seconds ("or 0" in the table: 0 is off). Paths of files are relative to the directory
/// of the configuration file. No secret is in it: secrets are in files of their own, which are not read here.
///
/// | key | type | default | range | meaning |
/// |---|---|---|---|---|
/// | `listen` | address | `127.0.0.1:8080` | IP address and port 0…65535 | where to serve; `"[::]:8080"` (quoted): all addresses of both families; port 0: the system chooses |
/// | `workers` | integer | 0 | 0…1024 | threads that serve; 0: one a core |
/// | `shutdown_timeout` | duration | 10 | | how long a stop waits for requests under way, and then for the state file |
/// | `ready_timeout` | duration | 60 | or 0 | after this one complete source is enough to be ready; 0: wait for every source for ever |
/// | `sources` | list | a file source | at least one | where peers come from, in order of preference; each item has exactly one key: `etcd`, `kubernetes` or `file` |
/// | `sources[].*.name` | string | the kind | letters, digits, `-` `_` `.`; unique | the source's name in statistics, logs and metrics |
/// | `sources[].*.empty_guard` | duration | 30; file: 0 | or 0 | how long peers stay that a list lacks when it lacks more than half of all, or follows a broken history |
/// | `sources[].etcd.endpoints` | list of URLs | required | http or https, at least one | the members; several: fail over |
/// | `sources[].etcd.prefix` | string | `/v1/testing/services/` | | keys are `<prefix><service>/<host>:<port>`; a missing `/` at either end is added |
/// | `sources[].etcd.api` | choice | `v3` | `v3`, `v2` | the protocol; v2: the keys API of etcd up to 3.5, with `--enable-v2` |
/// | `sources[].etcd.username` | string | none | with `password_file` | the user to log in as |
/// | `sources[].etcd.password_file` | path | none | with `username` | holds the user's password |
/// | `sources[].etcd.ca_file` | path | the system's | | authorities to trust |
/// | `sources[].etcd.cert_file` | path | none | with `key_file` | client certificate |
/// | `sources[].etcd.key_file` | path | none | with `cert_file` | its key |
/// | `sources[].kubernetes.server` | URL | the pod's cluster | not with `kubeconfig` | the API server |
/// | `sources[].kubernetes.kubeconfig` | path | none | not with `server` | how to reach the cluster, as `kubectl` does; `exec` plugins are not run; a `token` beside `tokenFile` is used while that cannot be read |
/// | `sources[].kubernetes.namespace` | string | the pod's, the kubeconfig's, or `default` | a namespace or `"*"` | `"*"`: all; services are then named `name.namespace` |
/// | `sources[].kubernetes.token_file` | path | the pod's; none with `server` | not with `kubeconfig` | bearer token, read for each request |
/// | `sources[].kubernetes.ca_file` | path | the pod's; the system's with `server` | not with `kubeconfig` | authorities to trust |
/// | `sources[].kubernetes.cert_file` | path | none | with `key_file`, not with `kubeconfig` | client certificate |
/// | `sources[].kubernetes.key_file` | path | none | with `cert_file` | its key |
/// | `sources[].kubernetes.resource` | choice | `endpointslices` | `endpointslices`, `endpoints` | the objects to read |
/// | `sources[].kubernetes.port_name` | string | `http` | | the port to take; else the only TCP port, else `port` |
/// | `sources[].kubernetes.port` | integer | none | 1…65535 | the port to take when neither decides; without it the service is reported, and has no peers or those of before |
/// | `sources[].kubernetes.label_selector` | string | none | | which objects to read |
/// | `sources[].kubernetes.weight` | number | 100 | 0…65535 | weight of every peer; the label `lookaside.dev/weight` of a service counts more |
/// | `sources[].kubernetes.slow_start` | duration | `services`', else 30 | or 0 | ramp of a new peer; the label `lookaside.dev/slow-start` (seconds) of a service counts more |
/// | `sources[].kubernetes.check_url` | URL | `services`', else empty | path, `http(s)` URL, `tcp:` or empty | active check; empty: the kubelet's readiness is the check |
/// | `sources[].file.path` | path | `peers.yaml` | | the peers file |
/// | `combine` | choice | `merge` | `merge`, `first` | for each service the union of the sources, or the first source that has it |
/// | `stale_after` | duration | 30 | or 0 | picks say `stale` when no source proved contact for this long; 0: never, but for peers of the state file, which are stale until their source delivers |
/// | `health_check.enabled` | boolean | true | | whether peers are probed |
/// | `health_check.interval` | duration | 5 | | time between probes of a peer |
/// | `health_check.timeout` | duration | 3 | | how long a probe may take |
/// | `health_check.rise` | integer | 2 | 1…100 | passes in a row that make a peer healthy |
/// | `health_check.fall` | integer | 3 | 1…100 | failures in a row that make it unhealthy |
/// | `health_check.jitter` | number | 0.1 | 0…1 | share of the interval by which starts vary |
/// | `health_check.concurrency` | integer | 256 | 1…65535 | probes under way at once, of all services together |
/// | `health_check.new_peer` | choice | `up` | `up`, `down` | whether a peer is picked before its first probe |
/// | `health_check.ok_status` | statuses | 200, 204, 301, 302, 401, 403, 404 | at least one of 100…599 | statuses that pass: `503`, `5xx`, `500-599` |
/// | `log_check.enabled` | boolean | true | | whether outcomes eject peers |
/// | `log_check.interval` | duration | 5 | | time between sweeps |
/// | `log_check.window` | whole seconds | 10 | 1…60 | how far back a sweep looks |
/// | `log_check.min_requests` | integer | 10 | 1…1000000000 | requests in the window that a verdict needs |
/// | `log_check.failure_ratio` | number | 0.5 | 0…1 | share of failures above which a peer is ejected |
/// | `log_check.consecutive_failures` | integer | 5 | 0…1000000000 | failures in a row that eject at once, where that is a quarter of a second's requests; 0: off |
/// | `log_check.failure_status` | statuses | 5xx | any of 100…599 | statuses that are failures |
/// | `log_check.min_reporters` | integer | 1 | 1…64 | reporters that must agree, by the names they give |
/// | `log_check.recover` | duration | 60 | | how long a first ejection lasts |
/// | `log_check.max_recover` | duration | 300 | | how long any ejection lasts at most |
/// | `log_check.max_ejected` | number | 0.5 | 0…1 | share of candidates that may be out at once |
/// | `log_check.readmit_on_check` | boolean | false | | whether a passing active check ends an ejection |
/// | `panic_threshold` | number | 0.25 | 0…1 | share of eligible candidates below which all are picked; 0: off |
/// | `policy` | choice | `weighted_round_robin` | `weighted_round_robin`, `random`, `least_outstanding`, `peak_ewma`, `consistent_hash` | how a peer is chosen |
/// | `services` | mapping | empty | names or globs (`*`, `?`) | settings of some services: exact name first, else the matching glob with the most literal characters |
/// | `services.*.health_check`, `log_check` | mapping | | as above, but for `concurrency` | field by field over the values above |
/// | `services.*.panic_threshold`, `policy` | | | as above | instead of the values above |
/// | `services.*.slow_start` | duration | the source's | or 0 | ramp of peers whose own value does not say |
/// | `services.*.check_url` | URL | the source's | path, `http(s)` URL, `tcp:` or empty | active check of peers whose own value does not say; empty: not probed |
/// | `state_file` | path | none | | keeps the last peers and verdicts over a restart |
/// | `limits.connections` | integer | 10000 | 1…1000000 | connections open at once |
/// | `limits.connections_per_ip` | integer | 0 | 0…1000000 | of them from one address; 0: no limit |
/// | `limits.header_timeout` | duration | 10 | | how long a client may take to send the head of a request |
/// | `limits.idle_timeout` | duration | 60 | | how long a connection may be idle |
/// | `limits.body_bytes` | integer | 1048576 | 1024…1073741824 | largest body of a request; NDJSON has no limit |
/// | `lease.valid` | duration | 5 | | how long clients may use a lease |
/// | `metrics.per_peer` | boolean | false | | whether metrics carry the label `peer` |
/// | `tls.cert_file` | path | required | | the server's certificate with its chain |
/// | `tls.key_file` | path | required | | its key |
/// | `tls.client_ca_file` | path | none | | authorities of clients' certificates |
/// | `auth.token_file` | path | none | | bearer tokens, one a line, for everything but `/healthz` and `/readyz` |
/// | `auth.admin_token_file` | path | none | | bearer tokens for overrides and shed; without it these are refused |
/// | `log.level` | choice | `info` | `trace`, `debug`, `info`, `notice`, `warning`, `error`, `critical` | the least level logged |
/// | `log.format` | choice | `text` | `text`, `json` | how lines are written |
package struct Configuration: Sendable, Equatable {
    /// Where to serve. The default is `127.0.0.1:8080`.
    package internal(set) var listen = Listen(host: "127.0.0.1", port: 8080)
    /// How many threads serve; 0, the default, is one a core.
    package internal(set) var workers = 0
    /// How long a stop waits for requests under way. The default is 10 s.
    package internal(set) var shutdownTimeout = Duration.seconds(10)
    /// How long readiness waits for every source; zero is for ever. The default is 60 s.
    package internal(set) var readyTimeout = Duration.seconds(60)
    /// Where peers come from, in order of preference; never empty. The default is the file `peers.yaml`.
    package internal(set) var sources = [Source(.file(File()))]
    /// How several sources become one. The default is merge.
    package internal(set) var combine = Combine.merge
    /// How long no source may prove contact before picks say so; zero is for ever. The default is 30 s.
    package internal(set) var staleAfter = Duration.seconds(30)
    /// The settings of services that no entry of `services` matches.
    package internal(set) var defaults = ServiceSettings()
    /// The entries of `services`, in the order of the file. Ask ``settings(forService:)``.
    package internal(set) var services: [ServiceRule] = []
    /// Where to keep the last-known-good state. The default is nowhere.
    package internal(set) var stateFile: String?
    /// The limits of clients.
    package internal(set) var limits = Limits()
    /// Several picks in one answer.
    package internal(set) var lease = Lease()
    /// What `/metrics` shows.
    package internal(set) var metrics = Metrics()
    /// The server's certificate. The default is none: plain HTTP.
    package internal(set) var tls: TLS?
    /// Bearer tokens. The default is none.
    package internal(set) var auth: Auth?
    /// The server's log.
    package internal(set) var log = Log()

    /// The configuration of an empty file.
    package init() {}
}

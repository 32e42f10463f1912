"""One request for each thing that the document says an operation may answer."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Case:
    """A request and the documented answer it has to get; where it is a `GET`, `HEAD` has to get the same status."""

    path: str
    target: str
    status: int
    # The code of an error.
    code: str | None = None
    # The fixture of the server that is asked.
    server: str = "synced"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    method: str = "GET"

    def __str__(self) -> str:
        details = [self.code or "", (self.body or b"")[:40].decode(errors="replace")] + [f"{name}: {value}" for name, value in self.headers.items()]
        return " ".join(part for part in [str(self.status), self.target[:60], *details] if part)


SERVICE_PATHS = ("/pick", "/peers", "/stats", "/explain")
PATHS_WITHOUT_SERVICE = ("/peers", "/stats", "/events", "/metrics", "/healthz", "/readyz", "/version", "/openapi.json")
# For each path a target that is answered with 200.
TARGETS = {path: path for path in PATHS_WITHOUT_SERVICE} | {path + "/{service}": path + "/web" for path in SERVICE_PATHS}

TEXT = {"Accept": "text/plain"}


def _picks() -> list[Case]:
    def pick(target: str, status: int = 200, code: str | None = None, **rest: object) -> Case:
        return Case("/pick/{service}", target, status, code, **rest)

    return [
        pick("/pick/web"),
        pick("/pick/fractional"),
        pick("/pick/ipv6"),
        pick("/pick/partly-down"),
        pick("/pick/skipped"),
        pick("/pick/a.b_c-D9"),
        pick("/pick/" + "n" * 253),
        pick("/pick/w%65b"),
        pick("/pick/web?n=1"),
        pick("/pick/web?n=16"),
        pick("/pick/ipv6?n=1000"),
        pick("/pick/web?format=json", headers=TEXT),
        pick("/pick/web?format=text"),
        pick("/pick/ipv6?format=text&n=3"),
        pick("/pick/web", headers=TEXT),
        pick("/pick/web", headers={"Accept": "text/plain, */*"}),
        pick("/pick/web", headers={"Accept": "image/png"}),
        pick("/pick/web?dry_run=1"),
        pick("/pick/web?dry_run=0"),
        pick("/pick/web?dry_run=1&n=7"),
        pick("/pick/web?exclude=10.0.0.1:8080"),
        pick("/pick/web?exclude=10.0.0.1:8080,10.9.9.9:1&n=5&dry_run=1"),
        pick("/pick/single?exclude=10.0.2.1:8080"),
        pick("/pick/single?exclude=10.0.2.1:8080&n=2"),
        pick("/pick/single?exclude=10.0.2.1:8080&format=text"),
        pick("/pick/ipv6?exclude=[2001:DB8:0:0::1]:08443"),
        pick("/pick/ipv6?exclude=%5B::1%5D%3A80"),
        pick("/pick/web?key=user-1"),
        pick("/pick/web?key=%C3%A9+%26&n=3&exclude=10.0.0.1:8080&dry_run=1"),
        pick("/pick/web?key=" + "k" * 1024 + "&format=text"),
        pick("/pick/web", headers={"Content-Length": "0"}),
        pick("/pick/web?n=0", 400, "invalid_parameter"),
        pick("/pick/web?n=1001", 400, "invalid_parameter"),
        pick("/pick/web?n=-1", 400, "invalid_parameter"),
        pick("/pick/web?n=abc", 400, "invalid_parameter"),
        pick("/pick/web?n=1.5", 400, "invalid_parameter"),
        pick("/pick/web?n=99999999999999999999", 400, "invalid_parameter"),
        pick("/pick/web?n=", 400, "invalid_parameter"),
        pick("/pick/web?n", 400, "invalid_parameter"),
        pick("/pick/web?n=%zz", 400, "invalid_parameter"),
        pick("/pick/web?n=%00", 400, "invalid_parameter"),
        pick("/pick/web?format=xml", 400, "invalid_parameter"),
        pick("/pick/web?dry_run=2", 400, "invalid_parameter"),
        pick("/pick/web?exclude=", 400, "invalid_parameter"),
        pick("/pick/web?exclude=10.0.0.1", 400, "invalid_parameter"),
        pick("/pick/web?exclude=name.example:80", 400, "invalid_parameter"),
        pick("/pick/web?exclude=10.0.0.1:8080,", 400, "invalid_parameter"),
        pick("/pick/web?exclude=" + ",".join(f"10.0.0.{n}:8080" for n in range(1, 18)), 400, "invalid_parameter"),
        pick("/pick/web?key=", 400, "invalid_parameter"),
        pick("/pick/web?key=" + "k" * 1025, 400, "invalid_parameter"),
        pick("/pick/web?n=1&n=1", 400, "invalid_parameter"),
        pick("/pick/web?N=1", 400, "invalid_parameter"),
        pick("/pick/empty", 503, "no_peer"),
        pick("/pick/empty?n=3", 503, "no_peer"),
        pick("/pick/empty?exclude=10.0.0.1:8080", 503, "no_peer"),
        pick("/pick/empty?key=user-1", 503, "no_peer"),
        pick("/pick/empty?dry_run=1", 503, "no_peer"),
        pick("/pick/down", 503, "no_peer"),
        pick("/pick/down", 503, "no_peer", headers=TEXT),
    ]


def _peers() -> list[Case]:
    tag = {"If-None-Match": "*"}
    stranger = {"If-None-Match": '"zzz-1", W/"zzz-2"'}
    services = ("fractional", "down", "empty", "ipv6", "described", "skipped")
    return [
        Case("/peers", "/peers", 200, headers=stranger),
        Case("/peers", "/peers", 304, headers=tag),
        *(Case("/peers/{service}", f"/peers/{service}", 200) for service in services),
        Case("/peers/{service}", "/peers/web", 200, headers=stranger),
        Case("/peers/{service}", "/peers/web", 304, headers=tag),
        Case("/peers/{service}", "/peers/nobody", 404, "unknown_service", headers=tag),
    ]


def _explanations() -> list[Case]:
    return [
        *(Case("/explain/{service}", f"/explain/{service}", 200) for service in ("web", "ipv6", "empty")),
        Case("/explain/{service}", "/explain/nobody", 404, "unknown_service"),
        Case("/events", "/events", 200),
        Case("/events", "/events?index=5", 200),
        Case("/events", "/events?index=-1", 400, "invalid_parameter"),
    ]


def _statistics() -> list[Case]:
    cases = [
        Case("/stats/{service}", "/stats/web?peer=10.0.0.1:8080", 200),
        Case("/stats/{service}", "/stats/ipv6?peer=[0:0::1]:0080&window=5", 200),
        Case("/stats/{service}", "/stats/empty", 200),
        Case("/stats/{service}", "/stats/web?peer=10.9.9.9:8080", 404, "unknown_peer"),
        Case("/stats/{service}", "/stats/web?peer=name.example:80", 400, "invalid_parameter"),
        Case("/stats/{service}", "/stats/web?peer=", 400, "invalid_parameter"),
        Case("/stats/{service}", "/stats/web?format=prometheus&peer=10.0.0.1:8080", 400, "invalid_parameter"),
        Case("/stats", "/stats?peer=10.0.0.1:8080", 400, "invalid_parameter"),
        Case("/metrics", "/metrics", 200, headers={"Accept": "application/openmetrics-text;version=1.0.0,*/*;q=0.1"}),
        Case("/metrics", "/metrics?format=prometheus", 400, "invalid_parameter"),
    ]
    for path in ("/stats", "/stats/{service}"):
        cases += [Case(path, f"{TARGETS[path]}?window={value}", 200) for value in (1, 60)]
        cases += [Case(path, f"{TARGETS[path]}?window={value}", 400, "invalid_parameter") for value in ("0", "61", "x", "1&window=1")]
        cases += [Case(path, f"{TARGETS[path]}?format={value}", 200) for value in ("json", "prometheus", "json&window=5")]
        cases += [Case(path, f"{TARGETS[path]}?format={value}", 400, "invalid_parameter") for value in ("text", "", "prometheus&window=5")]
    return cases


JSON = {"Content-Type": "application/json"}
LINES = {"Content-Type": "application/x-ndjson"}
OUTCOME = b'{"service":"web","peer":"10.0.0.1:8080","status":200}'


def _reports() -> list[Case]:
    def report(body: bytes | None, status: int = 200, code: str | None = None, target: str = "/report", headers: dict[str, str] = JSON) -> Case:
        return Case("/report", target, status, code, headers=headers, body=body, method="POST")

    errors = [b'{"service":"web","peer":"10.0.0.2:8080","error":"%s","latency_ms":3e6,"count":1000000,"reporter":"r"}' % kind
              for kind in (b"connect", b"timeout", b"reset", b"other")]
    bad_values = [b'"status":99', b'"status":600', b'"status":1e400', b'"status":"200"', b'"status":200,"error":"other"', b'"count":1',
                  b'"error":"oops"', b'"status":200,"count":0', b'"status":200,"count":-1', b'"status":200,"count":99999999999999999999',
                  b'"status":200,"latency_ms":-1', b'"status":200,"latency_ms":1e308', b'"status":200,"count":1e308', b'"status":-1',
                  b'"status":200,"reporter":"%s"' % (b"r" * 257)]
    bad = [b'{"service":"web","peer":"10.0.0.1:8080",%s}' % value for value in bad_values]
    bad += [b"{}", b"[1]", b'[{"service":"w\xffb","peer":"10.0.0.1:8080","status":200}]', b'{"service":"w\\ud800","peer":"10.0.0.1:8080","status":200}',
            b'{"service":"nobody","peer":"10.0.0.1:8080","status":200}', b'{"service":"web","peer":"10.9.9.9:8080","status":200}',
            b'{"service":"web","peer":"name.example:80","status":200}']
    return [
        report(OUTCOME),
        report(OUTCOME, headers={}),
        report(OUTCOME, headers={"Content-Type": "Application/JSON; charset=utf-8"}),
        report(b"[%s]" % b",".join([OUTCOME, *errors, *(item for item in bad if item.startswith(b"{"))])),
        report(b"[%s]" % b",".join([OUTCOME] * 2_000)),
        report(b'{"service":"web","peer":"10.0.0.1:8080","status":503,"error":null,"zzz":[{}]}'),
        report(b'{"service":"ipv6","peer":"[2001:DB8:0:0::1]:08443","status":200}'),
        report(b"[]"),
        report(b"", headers=LINES),
        report(b"\n \r\n", headers=LINES),
        report(b"\n".join([OUTCOME, b"", b"x", b"[" * 10_000, b'{"a":' * 5_000, b" " * 70_000, OUTCOME]), headers=LINES),
        report(b"\n".join([OUTCOME, b"x" * 1_048_576, b'{"service":"w\xff","peer":"10.0.0.1:8080","status":200}', OUTCOME]), headers=LINES),
        report(b"%s\n" % OUTCOME * 30_000, headers=LINES),
        *(report(item, 422, "all_rejected") for item in bad),
        report(b"x\n{}\n", 422, "all_rejected", headers=LINES),
        report(b"[%s]" % b",".join([b"{}"] * 2_000), 422, "all_rejected"),
        *(
            report(body, 400, "invalid_body")
            for body in (None, b"", b" ", b"1", b"null", b"{", b"[%s" % OUTCOME, b"%s\n%s" % (OUTCOME, OUTCOME), b"[NaN]", b"[" * 10_000, b"\x00")
        ),
        report(OUTCOME, 400, "invalid_parameter", target="/report?zzz=1"),
        report(OUTCOME, 400, "invalid_parameter", target="/report?zzz=1", headers=LINES),
        report(OUTCOME, 400, "invalid_parameter", target="/report?%zz", headers={"Content-Type": "text/plain"}),
        *(
            report(OUTCOME, 415, "unsupported_media_type", headers=headers)
            for headers in (
                {"Content-Type": "text/plain"},
                {"Content-Type": "text/csv"},
                {"Content-Type": "application/jsonx"},
                JSON | {"Content-Encoding": "gzip"},
                LINES | {"Content-Encoding": "gzip"},
            )
        ),
    ]


def _every_path() -> list[Case]:
    cases = []
    for path, target in TARGETS.items():
        cases += [
            Case(path, target, 200),
            Case(path, "http://lookaside.example:80" + target, 200),
            Case(path, target + "?", 200),
            Case(path, target + "?zzz=1", 400, "invalid_parameter"),
            Case(path, target + "?zzz=1&zzz=1", 400, "invalid_parameter"),
            Case(path, target + "?zzz", 400, "invalid_parameter"),
            Case(path, target + "?&", 400, "invalid_parameter"),
            Case(path, target + "?%zz=1", 400, "invalid_parameter"),
            Case(path, target, 400, "invalid_body", body=b"{}"),
            Case(path, target + "?zzz=1", 400, "invalid_body", body=b"{}"),
        ]
    return cases


def _every_service_path() -> list[Case]:
    cases = []
    for prefix in SERVICE_PATHS:
        path = prefix + "/{service}"
        bad_names = ("a%2Fb", "%00", "a%00b", "%zz", "%", "%4", "..", ".", "%2e%2e", "%2E", "n" * 254, "a+b", "a%20b", "%C3%BC", "%ff", "a:b", "a*")
        cases += [Case(path, f"{prefix}/{name}", 400, "invalid_service") for name in bad_names]
        cases += [
            # The name is judged before the parameters, these before whether the service exists.
            Case(path, f"{prefix}/..?zzz=1", 400, "invalid_service"),
            Case(path, f"{prefix}/nobody?zzz=1", 400, "invalid_parameter"),
            Case(path, f"{prefix}/nobody", 404, "unknown_service"),
            Case(path, f"{prefix}/Web", 404, "unknown_service"),
            Case(path, f"{prefix}/web", 503, "not_synced", server="unsynced"),
            Case(path, f"{prefix}/nobody", 503, "not_synced", server="half_synced"),
            Case(path, f"{prefix}/web", 200, server="half_synced"),
        ]
    return cases


def _operations() -> list[Case]:
    return [
        Case("/healthz", "/healthz", 200, server="unsynced"),
        Case("/readyz", "/readyz", 503, "not_synced", server="unsynced"),
        Case("/readyz", "/readyz", 200, server="half_synced"),
        Case("/peers", "/peers", 200, server="unsynced"),
        Case("/stats", "/stats", 200, server="unsynced"),
        Case("/metrics", "/metrics", 200, server="unsynced"),
    ]


CASES = _picks() + _reports() + _peers() + _explanations() + _statistics() + _every_path() + _every_service_path() + _operations()

# What is documented and not asked for in the table, with the reason.
NOT_IN_THE_TABLE = {
    **{
        (path, 503, "overloaded"): "needs a thousand answers under construction at once; the tests of HTTPServing hold it"
        for path in ("/pick/{service}", "/report", "/explain/{service}", "/events", "/peers", "/peers/{service}", "/stats", "/stats/{service}", "/metrics")
    },
    ("/report", 413, "body_too_large"): "the connection is closed at once, which a client that is still sending may miss: a test of its own",
    ("/readyz", 503, "overloaded"): "needs a server that is stopping: a test of its own",
}

"""`/metrics` as Prometheus reads it. Needs `promtool`, which the package `prometheus` brings."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from conftest import running
from exchange import Connection
from lookaside_server import LookasideServer

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
SERVICES = 'services: { web: { "10.0.0.1:1": {}, "10.0.0.2:1": {}, "[::1]:80": { weight: 0 } }, other: { "10.0.0.3:1": {} } }\n'


def samples(text: str) -> dict[str, float]:
    """Every sample by its name and labels, as they are written."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    parsed = {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}
    assert len(parsed) == len(lines), "a series occurs twice"
    return parsed


def read(server: LookasideServer, target: str = "/metrics") -> dict[str, float]:
    answer = server.get(target)
    assert (answer.status, answer.header("Content-Type")) == (200, PROMETHEUS)
    return samples(answer.body.decode())


def serve(server: LookasideServer) -> None:
    """Gives a server the services above, and waits until both are in picks."""
    server.write_peers(SERVICES)
    server.wait_for_status("/pick/other", 200)
    server.wait_for("/peers/web", lambda answer: "[::1]:80" in [peer["peer"] for peer in answer.json["peers"]])


def pick(server: LookasideServer, count: int) -> None:
    """Picks, and waits until the second of the picks has passed."""
    before = read(server)['lookaside_picks_total{service="web"}']
    server.get(f"/pick/web?n={count}")
    server.wait_for("/metrics", lambda answer: samples(answer.body.decode())['lookaside_picks_total{service="web"}'] == before + count)


def report(server: LookasideServer, *outcomes: dict[str, object]) -> None:
    answer = server.request("POST", "/report", body=json.dumps([{"service": "web", **outcome} for outcome in outcomes]).encode())
    assert answer.json["accepted"] == len(outcomes)


@pytest.mark.parametrize("target", ["/metrics", "/stats?format=prometheus", "/stats/web?format=prometheus"])
@pytest.mark.parametrize("per_peer", [False, True])
def test_promtool_finds_no_fault(tmp_path: Path, target: str, per_peer: bool) -> None:
    with running(tmp_path, SERVICES, f"metrics: {{ per_peer: {str(per_peer).lower()} }}\n") as server:
        server.wait_for_status("/readyz", 200)
        pick(server, 10)
        report(server, {"peer": "10.0.0.1:1", "status": 200, "latency_ms": 3}, {"peer": "[::1]:80", "error": "timeout", "latency_ms": 99e3})
        text = server.get(target).body
        assert (b"lookaside_peer_outcomes_total{" in text) == per_peer
        assert b"lookaside_outcome_latency_seconds_bucket{" in text
        check = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
        assert (check.returncode, check.stdout, check.stderr) == (0, b"", b"")


def test_metrics_count_picks_and_peers(changing: LookasideServer) -> None:
    serve(changing)
    pick(changing, 7)
    pick(changing, 5)
    metrics = read(changing)
    assert metrics['lookaside_picks_total{service="web"}'] == 12
    assert metrics['lookaside_picks_total{service="other"}'] == 1
    assert metrics['lookaside_eligible_peers{service="web"}'] == 2
    health = {name: value for name, value in metrics.items() if name.startswith('lookaside_peers{service="web"')}
    assert {re.search('health="(.*)"', name)[1] for name in health} == {"healthy", "unhealthy", "unchecked", "ejected"}
    assert sum(health.values()) == 3
    assert not [name for name in metrics if "peer=" in name]
    version = changing.get("/version").json["version"]
    assert metrics[f'lookaside_build_info{{version="{version}"}}'] == 1


def test_metrics_show_the_sources_as_statistics_do(changing: LookasideServer) -> None:
    source = changing.get("/stats").json["sources"][0]
    metrics = read(changing)
    for field, name in [("peers", "peers"), ("services", "services"), ("skipped", "skipped_entries")]:
        assert metrics[f'lookaside_source_{name}{{source="file"}}'] == source[field] > 0
    for field in ("lists", "events", "reconnects", "failures"):
        assert metrics[f'lookaside_source_{field}_total{{source="file"}}'] == source[field]
    assert metrics['lookaside_source_synced{source="file"}'] == 1
    assert metrics['lookaside_source_stale_seconds{source="file"}'] == 0


def test_reports_and_ejections_are_counted(changing: LookasideServer) -> None:
    outcome = b'{"service":"web","peer":"10.0.0.%d:8080","error":"reset"}'
    for peer in (1, 2):
        changing.request("POST", "/report", body=b"[%s]" % b",".join([outcome % peer] * 5))
    changing.wait_for("/events", lambda answer: len(answer.json["events"]) == 2)
    changing.request("POST", "/report", body=b"[{}]")
    metrics = read(changing)
    assert metrics['lookaside_health_changes_total{service="web",to="ejected"}'] == 1
    assert metrics['lookaside_ejections_refused_total{service="web"}'] == 1
    assert metrics["lookaside_reports_total"] == 3
    assert metrics['lookaside_report_items_total{result="accepted"}'] == 10
    assert metrics['lookaside_report_items_total{result="invalid_outcome"}'] == 1


def test_checks_are_counted(tmp_path: Path) -> None:
    with running(tmp_path, SERVICES, "health_check: { interval: 0.1, timeout: 0.05 }\n") as server:
        server.wait_for("/stats", lambda answer: sum(answer.json["checks"]["failures"].values()) > 3)
        checks = server.get("/stats").json["checks"]
        assert checks["targets"] == 4
        assert checks["probes"] > 3
        assert checks["last_error"] != ""
        metrics = read(server)
        assert metrics["lookaside_check_targets"] == 4
        assert metrics["lookaside_checks_total"] >= checks["probes"]
        for cause, count in checks["failures"].items():
            assert metrics[f'lookaside_check_failures_total{{cause="{cause}"}}'] >= count


def test_a_source_that_cannot_deliver_is_not_synced_and_stale(unsynced: LookasideServer) -> None:
    assert read(unsynced)['lookaside_source_synced{source="file"}'] == 0
    unsynced.wait_for("/metrics", lambda answer: samples(answer.body.decode())['lookaside_source_stale_seconds{source="file"}'] > 0)


def test_a_service_that_goes_takes_its_peers_with_it(changing: LookasideServer) -> None:
    serve(changing)
    changing.write_peers('services: { web: { "10.0.0.1:1": {} } }\n')
    changing.wait_for("/peers/web", lambda answer: len(answer.json["peers"]) == 1)
    assert read(changing)['lookaside_eligible_peers{service="web"}'] == 1


def test_series_of_a_peer_vanish_with_it(tmp_path: Path) -> None:
    with running(tmp_path, SERVICES, "metrics: { per_peer: true }\n") as server:
        server.wait_for_status("/readyz", 200)
        report(server, *({"peer": f"10.0.0.{number}:1", "status": 200} for number in (1, 2)))
        name = 'lookaside_peer_outcomes_total{service="web",peer="10.0.0.%d:1",result="2xx"}'
        assert [read(server)[name % number] for number in (1, 2)] == [1, 1]
        server.write_peers('services: { web: { "10.0.0.1:1": {} } }\n')
        server.wait_for("/peers/web", lambda answer: len(answer.json["peers"]) == 1)
        metrics = read(server)
        assert metrics[name % 1] == 1
        assert not [name for name in metrics if "10.0.0.2:1" in name]


def test_panic_is_shown(tmp_path: Path) -> None:
    # Nobody listens there.
    peers = 'services: { web: { "127.0.0.1:1": {}, "127.0.0.2:1": {}, "[::1]:1": { weight: 0 } } }\n'
    with running(tmp_path, peers, "health_check: { interval: 0.1, timeout: 0.05 }\n") as server:
        server.wait_for("/peers/web", lambda answer: answer.status == 200 and answer.json["panic"])
        metrics = read(server)
        assert (metrics['lookaside_panic{service="web"}'], metrics['lookaside_eligible_peers{service="web"}']) == (1, 0)
        assert [service["eligible"] for service in server.get("/peers").json["services"]] == [0]
        explained = server.get("/explain/web").json
        assert (explained["panic"], explained["eligible"], explained["candidates"]) == (True, 0, 2)
        assert [(peer["eligible"], peer["effective_weight"]) for peer in explained["peers"]] == [(False, 100), (False, 100), (False, 0)]
        assert server.get("/pick/web").json["panic"] is True
        assert server.get("/pick/web?n=3").json["panic"] is True


def test_metrics_of_one_service_are_its_part_of_all(changing: LookasideServer) -> None:
    serve(changing)
    pick(changing, 3)
    one = read(changing, "/stats/web?format=prometheus")
    everything = read(changing)
    assert one == {name: value for name, value in everything.items() if 'service="web"' in name}
    assert one.keys() > {'lookaside_picks_total{service="web"}'}


def test_requests_are_counted_by_route_and_status(changing: LookasideServer) -> None:
    with Connection(changing.port) as connection:
        for target in ["/pick/web"] * 3 + ["/pick/nobody", "/pick/web?zzz=1", "/pick/down", "/peers/web", "/stats/web"]:
            connection.request("GET", target)
        connection.request("HEAD", "/pick/web")
    metrics = read(changing)
    counted = {name: value for name, value in metrics.items() if 'route="/pick/{service}"' in name or 'route="/peers/{service}"' in name}
    assert counted == {
        'lookaside_http_requests_total{route="/pick/{service}",status="200"}': 4,
        'lookaside_http_requests_total{route="/pick/{service}",status="400"}': 1,
        'lookaside_http_requests_total{route="/pick/{service}",status="404"}': 1,
        'lookaside_http_requests_total{route="/pick/{service}",status="503"}': 1,
        'lookaside_http_requests_total{route="/peers/{service}",status="200"}': 1,
    }
    assert metrics['lookaside_http_requests_total{route="/stats/{service}",status="200"}'] == 1


def test_the_process_is_measured(changing: LookasideServer) -> None:
    metrics = read(changing)
    status = dict(line.split(":", 1) for line in open(f"/proc/{changing.process.pid}/status"))
    resident = int(status["VmRSS"].split()[0]) * 1024
    assert abs(metrics["process_resident_memory_bytes"] - resident) < 0.5 * resident
    assert 0 < metrics["process_cpu_seconds_total"] < 60
    assert 3 < metrics["process_open_fds"] < 200
    started = subprocess.run(
        ["date", "+%s", "-r", f"/proc/{changing.process.pid}"], capture_output=True, text=True, check=True
    ).stdout
    assert abs(metrics["process_start_time_seconds"] - int(started)) < 5

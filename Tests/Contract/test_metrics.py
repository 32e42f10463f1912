"""`/metrics` as Prometheus reads it. Needs `promtool`, which the package `prometheus` brings."""

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


def pick(server: LookasideServer, count: int) -> None:
    """Picks, and waits until the second of the picks has passed."""
    before = read(server)['lookaside_picks_total{service="web"}']
    server.get(f"/pick/web?n={count}")
    server.wait_for("/metrics", lambda answer: samples(answer.body.decode())['lookaside_picks_total{service="web"}'] == before + count)


@pytest.mark.parametrize("target", ["/metrics", "/stats?format=prometheus", "/stats/web?format=prometheus"])
def test_promtool_finds_no_fault(changing: LookasideServer, target: str) -> None:
    changing.write_peers(SERVICES)
    changing.wait_for_status("/pick/other", 200)
    pick(changing, 10)
    check = subprocess.run(["promtool", "check", "metrics"], input=changing.get(target).body, capture_output=True, check=False)
    assert (check.returncode, check.stdout, check.stderr) == (0, b"", b"")


def test_metrics_count_picks_and_peers(changing: LookasideServer) -> None:
    changing.write_peers(SERVICES)
    changing.wait_for_status("/pick/other", 200)
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
    metrics = read(unsynced)
    assert metrics['lookaside_source_synced{source="file"}'] == 0
    assert metrics['lookaside_source_stale_seconds{source="file"}'] > 0


def test_a_service_that_goes_takes_its_peers_with_it(changing: LookasideServer) -> None:
    changing.write_peers(SERVICES)
    changing.wait_for_status("/pick/other", 200)
    changing.write_peers('services: { web: { "10.0.0.1:1": {} } }\n')
    changing.wait_for("/peers/web", lambda answer: len(answer.json["peers"]) == 1)
    assert read(changing)['lookaside_eligible_peers{service="web"}'] == 1


def test_metrics_of_one_service_are_its_part_of_all(changing: LookasideServer) -> None:
    changing.write_peers(SERVICES)
    changing.wait_for_status("/pick/other", 200)
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

"""A server over its life: not ready, ready, without a source, stopping."""

import time
from pathlib import Path

from contract import Contract
from exchange import Connection
from lookaside_server import LookasideServer


def test_a_source_that_is_down_shows_as_degraded_and_makes_picks_stale(contract: Contract, changing: LookasideServer) -> None:
    assert "stale" not in changing.get("/pick/web").json
    changing.write_peers("services: [\n")
    ready = changing.wait_for("/readyz", lambda answer: "degraded" in answer.json)
    contract.check_answer("/readyz", "GET", ready)
    assert ready.json["degraded"][0]["source"] == "file"
    assert ready.json["degraded"][0]["last_error"] != ""
    pick = changing.wait_for("/pick/web", lambda answer: "stale" in answer.json)
    contract.check_answer("/pick/{service}", "GET", pick)
    lease = changing.get("/pick/web?n=2")
    contract.check_answer("/pick/{service}", "GET", lease)
    assert lease.json["stale"] is True
    for target in ("/peers/web", "/stats"):
        contract.check_answer(target.replace("/web", "/{service}"), "GET", changing.get(target))
    assert changing.get("/peers/web").json["stale_seconds"] > 0
    changing.write_peers('services: { web: { "10.0.0.1:8080": {} } }\n')
    assert "degraded" not in changing.wait_for("/readyz", lambda answer: "degraded" not in answer.json).json
    changing.wait_for("/pick/web", lambda answer: "stale" not in answer.json)


def test_a_server_that_does_without_a_source_says_which(half_synced: LookasideServer) -> None:
    degraded = half_synced.get("/readyz").json["degraded"]
    assert [source["source"] for source in degraded] == ["missing"]


def test_a_server_that_is_not_ready_names_its_sources(unsynced: LookasideServer) -> None:
    assert unsynced.get("/readyz").json["unsynced"] == ["file"]


def test_a_server_becomes_ready_when_its_source_delivers(contract: Contract, tmp_path: Path) -> None:
    server = LookasideServer(tmp_path, None)
    try:
        server.wait_for_status("/readyz", 503)
        server.write_peers('services: { web: { "10.0.0.1:8080": {} } }\n')
        contract.check_answer("/readyz", "GET", server.wait_for_status("/readyz", 200))
        assert server.get("/pick/web").status == 200
    finally:
        assert server.stop() == 0


def test_a_stopping_server_is_not_ready(contract: Contract, changing: LookasideServer) -> None:
    connections = [Connection(changing.port) for _ in range(200)]
    for connection in connections:
        connection.open()
    answer = connections.pop().request("GET", "/readyz")
    assert answer.status == 200
    changing.terminate()
    # Each answer of a stopping server ends its connection, and each request keeps it waiting for more.
    while answer.status == 200 and connections:
        time.sleep(0.01)
        answer = connections.pop().request("GET", "/readyz")
    # At once: a stopping server waits a quarter of a second for the next request.
    pick = connections.pop().request("GET", "/pick/web")
    assert (answer.status, answer.code) == (503, "overloaded")
    contract.check_answer("/readyz", "GET", answer)
    assert pick.status == 200
    for connection in connections:
        connection.close()

"""The numbers of `/stats` beside those of a record kept here."""

import json
import random
import time
from collections import Counter

import pytest

from lookaside_server import LookasideServer

PEERS = ("10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080")


def outcomes(count: int) -> list[dict[str, object]]:
    generator = random.Random(count)
    made = []
    for _ in range(count):
        outcome = {"service": "web", "peer": generator.choice(PEERS), "latency_ms": generator.choice([0.4, 3.2, 17.0, 250.0])}
        outcome["count"] = generator.choice([1, 1, 1, 5])
        if generator.random() < 0.2:
            outcome["error"] = generator.choice(["connect", "timeout", "reset", "other"])
        else:
            outcome["status"] = generator.choice([200, 204, 301, 404, 500, 503, 599])
        made.append(outcome)
    return made


def check(shown: dict, reported: list[dict[str, object]]) -> None:
    """Holds what is shown of a service or peer to what was reported of it."""
    weights = [(outcome, outcome["count"]) for outcome in reported]
    assert shown["requests"] == sum(count for _, count in weights)
    statuses: Counter = Counter()
    errors: Counter = Counter()
    for outcome, count in weights:
        (statuses if "status" in outcome else errors)[str(outcome.get("status", outcome.get("error")))] += count
    assert shown["failures"] == errors.total() + sum(count for status, count in statuses.items() if status.startswith("5"))
    if "status" in shown:
        assert {status: count for status, count in shown["status"].items() if count} == statuses
        assert {kind: count for kind, count in shown["errors"].items() if count} == errors
    latencies = sorted(outcome["latency_ms"] for outcome, count in weights for _ in range(count))
    assert shown["latency_ms"]["mean"] == pytest.approx(sum(latencies) / len(latencies), rel=1e-4)
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
        exact = latencies[min(len(latencies) - 1, int(share * len(latencies)))]
        # The buckets of the histogram are as wide as this.
        assert shown["latency_ms"][name] == pytest.approx(exact, rel=0.15), name


def test_every_number_is_that_of_the_reports(changing: LookasideServer) -> None:
    reported = outcomes(3_000)
    for start in range(0, len(reported), 1_000):
        answer = changing.request("POST", "/report", body=json.dumps(reported[start : start + 1_000]).encode())
        assert answer.json["accepted"] == 1_000
    changing.get("/pick/web?n=25")
    # Only seconds that are complete are shown.
    time.sleep(1.2)
    service = changing.get("/stats/web?window=60").json
    check(service, reported)
    assert service["rps"] == pytest.approx(service["requests"] / 60)
    assert service["picks"] == 25 == sum(peer["picks"] for peer in service["peers"])
    assert {peer["peer"] for peer in service["peers"]} == set(PEERS)
    for peer in service["peers"]:
        check(peer, [outcome for outcome in reported if outcome["peer"] == peer["peer"]])
        assert [peer] == changing.get(f"/stats/web?window=60&peer={peer['peer']}").json["peers"]
    listed = next(entry for entry in changing.get("/stats?window=60").json["services"] if entry["service"] == "web")
    check(listed, reported)

"""Which peer a key goes to: the ring as README.md describes it, made here from its words."""

import bisect
import ipaddress
import math
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import running
from lookaside_server import LookasideServer

MASK = 2**64 - 1
POLICIES = ("weighted_round_robin", "random", "least_outstanding", "peak_ewma", "consistent_hash")

# Of each peer its weight, and whether it may be picked.
MIXED = {
    "10.0.0.1:8080": (1, True),
    "10.0.0.2:8080": (2.5, True),
    "10.0.0.2:65535": (3, True),
    "10.0.0.10:80": (0.001, True),
    "10.0.0.3:8080": (9, False),
    "10.0.0.4:8080": (0, False),
    "[::1]:80": (4, True),
    "[2001:db8::1]:8443": (1.75, True),
    "[fe80::ff:fe00:1]:1": (1, True),
}
LARGE = {f"10.1.{number // 250}.{number % 250}:80": (number % 3 + 1, True) for number in range(1_025)}
# The same, but that the last one is down.
LARGE_WITHOUT_ONE = dict(list(LARGE.items())[:-1]) | {"10.1.4.24:80": (2, False)}
SERVICES = {"mixed": MIXED, "large": LARGE, "without-one": LARGE_WITHOUT_ONE, "single": {"[::ffff:1.2.3.4]:80": (1e-307, True)}}

KEYS = [*(f"user-{number}" for number in range(300)), " ", "a b+c", "%41", "ключ", "鍵" * 300, "🔑/?&=#", "é", "e\u0301", "\u0001", "x" * 1024]


def fnv1a(data: bytes) -> int:
    hashed = 0xCBF29CE484222325
    for byte in data:
        hashed = (hashed ^ byte) * 0x100000001B3 & MASK
    return hashed


def fmix64(number: int) -> int:
    number = (number ^ number >> 33) * 0xFF51AFD7ED558CCD & MASK
    number = (number ^ number >> 33) * 0xC4CEB9FE1A85EC53 & MASK
    return number ^ number >> 33


def order(peer: str) -> tuple[int, int, int]:
    host, _, port = peer.rpartition(":")
    address = ipaddress.ip_address(host.strip("[]"))
    return address.version, int(address), int(port)


class Ring:
    def __init__(self, peers: dict[str, tuple[float, bool]]):
        weights = [weight for weight, _ in peers.values() if weight > 0]
        limit = 256 if len(weights) <= 1024 else 64
        exponent = math.frexp(max(weights))[1]
        if math.ldexp(1, exponent - 1) == max(weights):
            exponent -= 1
        points = []
        for peer, (weight, is_picked) in peers.items():
            if is_picked:
                base = fnv1a(peer.encode())
                count = max(1, math.floor(math.ldexp(weight, -exponent) * limit + 0.5))
                points += [(fmix64(base + j * 0x9E3779B97F4A7C15 & MASK), order(peer), peer) for j in range(count)]
        self.points = sorted(points)

    def peer(self, key: str) -> str:
        found = bisect.bisect_left(self.points, (fmix64(fnv1a(key.encode())),))
        return self.points[found % len(self.points)][2]

    def shares(self) -> dict[str, float]:
        shares: Counter = Counter()
        for (before, _, _), (place, _, peer) in zip([self.points[-1], *self.points], self.points, strict=False):
            shares[peer] += (place - before & MASK) / 2**64
        return shares if len(self.points) > 1 else {self.points[0][2]: 1.0}


@pytest.fixture(scope="module", params=POLICIES)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LookasideServer]:
    lines = ["services:"]
    for service, peers in SERVICES.items():
        lines.append(f"  {service}:")
        for peer, (weight, is_picked) in peers.items():
            status = "up" if is_picked else "down"
            lines.append(f'    "{peer}": {{ weight: {weight}, status: {status}, check_url: "" }}')
    with running(tmp_path_factory.mktemp("keys"), "\n".join(lines), f"policy: {request.param}\n") as server:
        server.wait_for_status("/readyz", 200)
        yield server


@pytest.mark.parametrize("service", SERVICES)
def test_keys_go_where_the_readme_says(server: LookasideServer, service: str) -> None:
    ring = Ring(SERVICES[service])
    expected = {key: ring.peer(key) for key in KEYS}
    picked = {key: server.get(f"/pick/{service}?key={urllib.parse.quote(key, safe='')}").json["peer"] for key in KEYS}
    assert picked == expected
    if service != "single":
        assert len(set(expected.values())) > 5


@pytest.mark.parametrize("service", SERVICES)
def test_the_shares_of_the_ring_are_explained(server: LookasideServer, service: str) -> None:
    explained = server.get(f"/explain/{service}").json
    if explained["policy"] != "consistent_hash":
        assert sum(peer["expected_share"] for peer in explained["peers"]) == pytest.approx(1)
        return
    shares = Ring(SERVICES[service]).shares()
    total = sum(weight for weight, is_picked in SERVICES[service].values() if is_picked)
    errors = [0.0]
    for peer in explained["peers"]:
        share = shares.get(peer["peer"], 0)
        assert peer["expected_share"] == pytest.approx(share, abs=1e-9)
        if share:
            errors.append(abs(peer["weight"] / total - share) / max(peer["weight"] / total, share))
    assert explained["weight_error"] == pytest.approx(max(errors), abs=1e-9)

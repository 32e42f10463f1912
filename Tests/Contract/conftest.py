"""Servers in the states that the document describes. Each is ended by its id, and has to end with status 0."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contract import Contract
from lookaside_server import LookasideServer

LONGEST_NAME = "n" * 253

PEERS = f"""\
services:
  web:
    "10.0.0.1:8080": {{ weight: 3 }}
    "10.0.0.2:8080": {{ weight: 1 }}
    "10.0.0.3:8080": {{ weight: 1 }}
  fractional:
    "10.0.1.1:8080": {{ weight: 0.5 }}
    "10.0.1.2:8080": {{ weight: 1.75 }}
    "10.0.1.3:8080": {{ weight: 65535 }}
  single:
    "10.0.2.1:8080": {{}}
  partly-down:
    "10.0.3.1:8080": {{ status: up }}
    "10.0.3.2:8080": {{ status: down }}
    "10.0.3.3:8080": {{ weight: 0 }}
  down:
    "10.0.4.1:8080": {{ status: down }}
    "10.0.4.2:8080": {{ weight: 0 }}
  empty: {{}}
  ipv6:
    "[2001:DB8:0:0::1]:08443": {{ weight: 10 }}
    "[::1]:80": {{ weight: 10 }}
  described:
    "10.0.5.1:8080": {{ zone: eu-1a, metadata: {{ rack: "7", owner: "team \\"ü\\"" }} }}
  skipped:
    "10.0.6.1:8080": {{}}
    "10.0.6.2:99999": {{}}
    "10.0.6.3:8080": {{ weight: 70000 }}
    "10.0.6.4:8080": {{ weight: heavy }}
    "name.example:8080": {{}}
  a.b_c-D9:
    "10.0.7.1:1": {{}}
  {LONGEST_NAME}:
    "10.0.8.1:65535": {{}}
"""


@contextmanager
def running(directory: Path, peers: str | None, settings: str = "") -> Iterator[LookasideServer]:
    server = LookasideServer(directory, peers, settings)
    try:
        yield server
    except BaseException:
        server.stop()
        raise
    status = server.stop()
    assert status == 0, f"the server ended with status {status}:\n{server.log}"


@pytest.fixture(scope="session")
def contract() -> Contract:
    return Contract.load()


@pytest.fixture(scope="session")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LookasideServer]:
    """A server whose only source has delivered. Reported failures eject nobody: a test may report millions, and the next compares two answers."""
    with running(tmp_path_factory.mktemp("synced"), PEERS, "log_check: { enabled: false }\n") as server:
        server.wait_for_status("/readyz", 200)
        yield server


@pytest.fixture(scope="session")
def unsynced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LookasideServer]:
    """A server whose only source cannot deliver: its file is missing."""
    with running(tmp_path_factory.mktemp("unsynced"), None) as server:
        server.wait_for_status("/healthz", 200)
        yield server


@pytest.fixture(scope="session")
def half_synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LookasideServer]:
    """A server that does without one of its two sources."""
    settings = """\
ready_timeout: 0.05
sources:
  - file: { name: present, path: peers.yaml }
  - file: { name: missing, path: missing.yaml }
"""
    with running(tmp_path_factory.mktemp("half-synced"), PEERS, settings) as server:
        server.wait_for_status("/readyz", 200)
        yield server


@pytest.fixture
def changing(tmp_path: Path) -> Iterator[LookasideServer]:
    """A server of one test, which changes its peers; picks are stale after a moment without contact."""
    with running(tmp_path, PEERS, "stale_after: 0.5\n") as server:
        server.wait_for_status("/readyz", 200)
        yield server

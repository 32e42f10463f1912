"""The server over an API server that others wrote: kmock, a mock for Kubernetes operators.

kmock keeps objects and streams their changes, which is what is used here. Its lists name neither kind nor version, so that these are
added; pages, bookmarks, selectors, expired versions and restored clusters it does not know: they are tested elsewhere.
"""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import kmock
import pytest

from conftest import running

SLICES = "/apis/discovery.k8s.io/v1/namespaces/lab/endpointslices"


class Cluster(kmock.KubernetesEmulator):
    """An emulator whose lists say what they are."""

    async def _serve_list(self, request: kmock.Request) -> dict:
        answer = await super()._serve_list(request)
        versions = [int(item["metadata"]["resourceVersion"]) for item in answer["items"]]
        answer["metadata"]["resourceVersion"] = str(max(versions, default=1))
        return answer | {"kind": "EndpointSliceList", "apiVersion": "discovery.k8s.io/v1"}


class ServedCluster:
    """A cluster on a free port of this machine, whose event loop runs on a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.cluster = Cluster()
        self._server = kmock.Server(self.cluster)
        self._await(self.cluster.__aenter__())
        self._await(self._server.__aenter__())
        self.cluster.resources["discovery.k8s.io/v1/endpointslices"] = {"kind": "EndpointSlice", "namespaced": True}
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._version = 1

    def _await(self, awaitable) -> object:
        async def wait() -> object:
            return await awaitable

        return asyncio.run_coroutine_threadsafe(wait(), self._loop).result(10)

    def stop(self) -> None:
        self._await(self._server.__aexit__(None, None, None))
        self._await(self.cluster.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)

    def request(self, method: str, path: str, body: dict | None = None) -> None:
        """What an operator's client would send."""
        answer = self._await(self._server.client.request(method, self.url + path, json=body))
        assert answer.status == 200, answer

    def slice(self, name: str, *addresses: str) -> dict:
        """A slice of the service `web` with a version of its own."""
        self._version += 1
        return {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": name,
                "namespace": "lab",
                "uid": f"uid-of-{name}",
                "resourceVersion": str(self._version),
                "labels": {"kubernetes.io/service-name": "web"},
            },
            "addressType": "IPv4",
            "ports": [{"name": "http", "protocol": "TCP", "port": 80}],
            "endpoints": [{"addresses": [address], "conditions": {"ready": True}} for address in addresses],
        }


@pytest.fixture
def cluster() -> Iterator[ServedCluster]:
    served = ServedCluster()
    try:
        yield served
    finally:
        served.stop()


def test_slices_of_a_cluster_that_others_wrote_are_listed_and_followed(tmp_path: Path, cluster: ServedCluster) -> None:
    cluster.request("POST", SLICES, cluster.slice("web-1", "10.0.0.1"))
    settings = f"sources: [{{ kubernetes: {{ server: '{cluster.url}', namespace: lab }} }}]\n"
    with running(tmp_path, None, settings) as server:
        server.wait_for_status("/readyz", 200)

        def wait_for(*peers: str) -> None:
            expected = sorted(f"{peer}:80" for peer in peers)
            server.wait_for("/peers/web", lambda answer: sorted(peer["peer"] for peer in answer.json["peers"]) == expected)

        wait_for("10.0.0.1")
        cluster.request("POST", SLICES, cluster.slice("web-2", "10.0.0.2", "10.0.0.3"))
        wait_for("10.0.0.1", "10.0.0.2", "10.0.0.3")
        cluster.request("PATCH", f"{SLICES}/web-2", cluster.slice("web-2", "10.0.0.3"))
        wait_for("10.0.0.1", "10.0.0.3")
        cluster.request("DELETE", f"{SLICES}/web-2")
        wait_for("10.0.0.1")
        source = server.get("/stats").json["sources"][0]
        assert (source["state"], source["lists"], source["skipped"], source["last_error"]) == ("watching", 1, 0, "")
    # What kmock takes for the requests of a Kubernetes client.
    asked = [request for request in cluster.cluster if request.headers.get("User-Agent", "").startswith("lookaside")]
    assert [request.action for request in asked] == [kmock.action.LIST, kmock.action.WATCH]
    assert {(request.resource.group, request.resource.version, request.resource.plural) for request in asked} == {
        ("discovery.k8s.io", "v1", "endpointslices")
    }
    assert {request.namespace for request in asked} == {"lab"}

"""Holds `openapi.json` against the format's own rules, and the server against `openapi.json`.

    python3 -m venv .venv && .venv/bin/pip install -r Tests/Contract/requirements.txt
    swift build && .venv/bin/pytest Tests/Contract
"""

import json
import re
import time
from collections.abc import Iterator

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from cases import CASES, NOT_IN_THE_TABLE, SERVICE_PATHS, TARGETS, Case
from contract import DOCUMENT_PATH, REPOSITORY, Contract
from exchange import Connection, send_raw
from lookaside_server import LookasideServer

METHOD_NOT_ALLOWED = "/components/responses/MethodNotAllowed"
NOT_FOUND = "/components/responses/NotFound"

every_path = pytest.mark.parametrize("path", list(TARGETS))
get_and_head = pytest.mark.parametrize("method", ["GET", "HEAD"])


@pytest.fixture(autouse=True)
def the_server_still_picks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test has asked of the shared server, it answers afterwards."""
    yield
    if "synced" in request.fixturenames:
        assert request.getfixturevalue("synced").get("/pick/web").status == 200


# The document


def test_the_document_is_valid_openapi_3_1(contract: Contract) -> None:
    assert contract.document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(contract.document).validate()


def test_every_example_is_valid_by_its_schema(contract: Contract) -> None:
    examples = list(contract.examples())
    assert len(examples) > 50
    for _, schema, value in examples:
        contract.validate(schema, value)


def test_every_body_has_an_example(contract: Contract) -> None:
    for path in contract.paths:
        for response in contract.responses(path, "get").values():
            for media_type in contract.at(response).get("content", {}).values():
                assert media_type["examples"], response


def test_every_error_code_has_an_example(contract: Contract) -> None:
    for name, response in contract.document["components"]["responses"].items():
        codes = contract.codes(f"/components/responses/{name}")
        if codes:
            examples = response["content"]["application/json"]["examples"].values()
            assert [example["value"]["error"]["code"] for example in examples] == codes


def test_every_object_of_the_server_lists_all_its_fields(contract: Contract) -> None:
    foreign = {"OpenAPI"}
    for name, schema in contract.document["components"]["schemas"].items():
        if schema.get("type") == "object" and name not in foreign:
            assert schema["additionalProperties"] is False, name
            assert set(schema["required"]) <= set(schema["properties"]), name


def test_every_operation_says_what_it_is(contract: Contract) -> None:
    seen = set()
    for path, item in contract.document["paths"].items():
        assert item.keys() <= {"get", "head", "parameters"}, f"{path} has a method that no test asks for"
        for method in ("get", "head"):
            operation = item[method]
            assert operation["summary"] and operation["description"]
            assert operation["operationId"] not in seen
            seen.add(operation["operationId"])


def test_head_has_the_statuses_and_headers_of_get(contract: Contract) -> None:
    for path in contract.paths:
        get, head = contract.responses(path, "get"), contract.responses(path, "head")
        assert get.keys() == head.keys()
        for status in get:
            assert contract.at(get[status]).get("headers") == contract.at(head[status]).get("headers"), f"{path} {status}"
            assert "content" not in contract.at(head[status])


def test_the_document_describes_every_route_of_the_program_and_no_other(contract: Contract) -> None:
    source = (REPOSITORY / "Sources" / "LookasideAPI" / "LookasideAPI.swift").read_text()
    assert sorted(re.findall(r'HTTPRoute\(\.get, "([^"]+)"', source)) == sorted(contract.paths)
    assert len(re.findall(r"HTTPRoute\(", source)) == len(contract.paths)


# The table of cases


def test_everything_documented_has_a_case(contract: Contract) -> None:
    documented = set()
    for path in contract.paths:
        for status, response in contract.responses(path, "get").items():
            documented |= {(path, status, code) for code in contract.codes(response) or [None]}
    tested = {(case.path, case.status, case.code) for case in CASES}
    assert documented - tested - NOT_IN_THE_TABLE.keys() == set()
    assert NOT_IN_THE_TABLE.keys() - documented == set()
    assert NOT_IN_THE_TABLE.keys() & tested == set()
    assert tested - documented == set()


@get_and_head
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_answer_is_the_documented_one(contract: Contract, request: pytest.FixtureRequest, method: str, case: Case) -> None:
    server = request.getfixturevalue(case.server)
    answer = server.request(method, case.target, case.headers, case.body)
    assert answer.status == case.status, answer
    contract.check_answer(case.path, method, answer)
    if method == "GET":
        assert answer.body == b"" if case.status == 304 else answer.code == case.code


@pytest.mark.parametrize(
    "target",
    ["/", "/pick", "/pick/", "/pick//", "/pick//web", "//pick/web", "/pick/web/", "/pick/web/x", "/Pick/web", "/peers/", "/peers//", "/stats/"]
    + ["/healthz/", "/healthz/x", "/version/..", "/pick%2Fweb", "/..", "/%00", "/%zz", "/favicon.ico", "/report", "/metrics", "*"]
    + ["http://lookaside.example", "http://lookaside.example/", "http://lookaside.example/pick", "http:///pick/web", "ftp://x/pick/web", "/a" * 9],
)
def test_a_path_that_is_not_documented_is_not_found(contract: Contract, synced: LookasideServer, target: str) -> None:
    for method in ("GET", "HEAD", "POST"):
        answer = synced.request(method, target)
        assert answer.status == 404
        contract.check(NOT_FOUND, answer, method)


@every_path
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get", "BREW"])
def test_another_method_is_not_allowed_and_the_answer_says_which_are(
    contract: Contract, synced: LookasideServer, path: str, method: str
) -> None:
    # The method is judged before body, service name, parameters and existence.
    service = TARGETS[path].replace("/web", "/..")
    for target, body in [(TARGETS[path], None), (TARGETS[path], b"{}"), (service + "?zzz=1", None)]:
        answer = synced.request(method, target, body=body)
        assert answer.status == 405
        contract.check(METHOD_NOT_ALLOWED, answer)
        assert answer.header("Allow") == "GET, HEAD"


@every_path
def test_head_is_answered_like_get_without_a_body(synced: LookasideServer, path: str) -> None:
    for target in (TARGETS[path], TARGETS[path] + "?zzz=1"):
        head = send_raw(synced.port, f"HEAD {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        lines, separator, rest = head.partition(b"\r\n\r\n")
        assert separator and rest == b""
        get = synced.get(target, {"Connection": "close"})
        headers = [line.split(": ", 1) for line in lines.decode().split("\r\n")[1:]]
        assert sorted(name for name, _ in headers) == sorted(name for name, _ in get.headers)
        # Statistics and what follows a pick change between the two; names of headers and the type do not.
        changing = {"Date", "Content-Length"} if path.startswith("/stats") else {"Date"}
        assert {name: value for name, value in headers if name not in changing} == {
            name: value for name, value in get.headers if name not in changing
        }


@every_path
@get_and_head
def test_a_request_with_a_body_is_refused_however_long_it_is(contract: Contract, synced: LookasideServer, path: str, method: str) -> None:
    for body, chunked in [(b"x", True), (b"x" * 70_000, False), (b"x" * 70_000, True), (b"x" * 2_000_000, False)]:
        answer = synced.request(method, TARGETS[path], body=body, chunked=chunked)
        assert answer.status == 400
        contract.check_answer(path, method, answer)
        if method == "GET":
            assert answer.code == "invalid_body"


@pytest.mark.parametrize("target", ["/pick/web", "/nowhere"])
@pytest.mark.parametrize(
    "headers",
    ["Content-Length: 0\r\nContent-Length: 0", "Content-Length: 1\r\nTransfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked"],
)
def test_a_message_of_unclear_length_is_refused_and_its_connection_closed(
    contract: Contract, synced: LookasideServer, headers: str, target: str
) -> None:
    with Connection(synced.port) as connection:
        pairs = [line.split(": ") for line in headers.split("\r\n")]
        sent = f"GET {target} HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n".encode()
        received = send_raw(synced.port, sent + b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert len(pairs) and received.startswith(b"HTTP/1.1 400 ")
    assert received.count(b"HTTP/1.1 ") == 1
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower()
    contract.validate("/components/schemas/Error", json.loads(body))
    assert json.loads(body)["error"]["code"] == "invalid_body"


@pytest.mark.parametrize(
    "message",
    [b"nonsense\r\n\r\n", b"GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n", b"GET /healthz HTTP/1.1\r\n\r\n"]
    + [b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"],
    ids=["no request line", "another version", "no host", "a long header", "a long target"],
)
def test_what_the_http_library_refuses_has_its_own_html_body_and_ends_the_connection(synced: LookasideServer, message: bytes) -> None:
    received = send_raw(synced.port, message + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert received == b"" or re.match(rb"HTTP/1\.[01] (400|413|414|431|505) ", received)
    assert received == b"" or b"<html>" in received
    assert received.count(b"HTTP/1.") <= 1


def test_the_served_document_is_the_file(synced: LookasideServer) -> None:
    assert synced.get("/openapi.json").body == DOCUMENT_PATH.read_bytes()


def test_the_served_version_is_the_one_of_the_document(contract: Contract, synced: LookasideServer) -> None:
    assert synced.get("/version").json["version"] == contract.document["info"]["version"]


# What the descriptions say beyond the schemas


def test_a_lease_holds_what_as_many_single_picks_would_have_returned(synced: LookasideServer) -> None:
    shown = [peer["peer"] for peer in synced.get("/pick/web?dry_run=1&n=10").json["peers"]]
    leased = [peer["peer"] for peer in synced.get("/pick/web?n=5").json["peers"]]
    picked = [synced.get("/pick/web").json["peer"] for _ in range(5)]
    assert leased + picked == shown
    assert {peer: shown.count(peer) for peer in shown} == {"10.0.0.1:8080": 6, "10.0.0.2:8080": 2, "10.0.0.3:8080": 2}


def test_dry_run_and_head_advance_nothing(synced: LookasideServer) -> None:
    shown = [synced.get("/pick/web?dry_run=1").json["peer"] for _ in range(3)]
    shown += [synced.request("HEAD", "/pick/web").header("X-Lookaside-Peer") for _ in range(3)]
    assert set(shown) == {synced.get("/pick/web").json["peer"]}


def test_exclude_moves_no_cursor_and_takes_any_spelling(synced: LookasideServer) -> None:
    before = synced.get("/pick/ipv6?dry_run=1").json["peer"]
    picked = {peer["peer"] for peer in synced.get("/pick/ipv6?n=20&exclude=[2001:0DB8::0:1]:08443").json["peers"]}
    assert picked == {"[::1]:80"}
    assert synced.get("/pick/ipv6?dry_run=1").json["peer"] == before


def test_an_excluded_peer_is_returned_with_a_flag_when_there_is_no_other(synced: LookasideServer) -> None:
    assert synced.get("/pick/single?exclude=10.0.2.1:8080").json["excluded"] is True
    assert synced.get("/pick/single?exclude=10.0.2.1:8080&n=2").json["excluded"] is True
    assert "excluded" not in synced.get("/pick/web?exclude=10.0.0.1:8080").json


def test_the_header_and_the_text_name_the_first_peer(synced: LookasideServer) -> None:
    for target in ("/pick/web?n=4&dry_run=1", "/pick/web?dry_run=1"):
        answer = synced.get(target)
        peers = answer.json.get("peers", [answer.json])
        text = synced.get(target + "&format=text")
        assert text.body.decode() == "".join(f"{peer['peer']}\n" for peer in peers)
        assert answer.header("X-Lookaside-Peer") == text.header("X-Lookaside-Peer") == peers[0]["peer"]


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("text/plain", "text/plain; charset=utf-8"),
        ("TEXT/PLAIN;q=0.5 , text/html", "text/plain; charset=utf-8"),
        ("text/plain, application/json;q=0.1", "application/json"),
        ("text/plain, */*", "application/json"),
        ("text/*", "application/json"),
        ("image/png", "application/json"),
        ("", "application/json"),
    ],
)
def test_accept_chooses_the_form_of_a_pick_and_format_wins(synced: LookasideServer, accept: str, content_type: str) -> None:
    assert synced.get("/pick/web", {"Accept": accept}).header("Content-Type") == content_type
    assert synced.get("/pick/web?format=json", {"Accept": accept}).header("Content-Type") == "application/json"
    assert synced.get("/pick/web?format=text", {"Accept": accept}).header("Content-Type") == "text/plain; charset=utf-8"


def test_peers_are_listed_in_canonical_form_and_with_what_is_configured(synced: LookasideServer) -> None:
    def peers(service: str) -> dict[str, dict]:
        return {peer["peer"]: peer for peer in synced.get(f"/peers/{service}").json["peers"]}

    assert list(peers("ipv6")) == ["[::1]:80", "[2001:db8::1]:8443"]
    assert peers("ipv6")["[2001:db8::1]:8443"]["host"] == "2001:db8::1"
    described = peers("described")["10.0.5.1:8080"]
    assert (described["zone"], described["metadata"]) == ("eu-1a", {"rack": "7", "owner": 'team "ü"'})
    partly_down = peers("partly-down")
    assert [peer["state"] for peer in partly_down.values()] == ["up", "down", "up"]
    assert [peer["effective_weight"] for peer in partly_down.values()] == [100, 0, 0]
    assert list(peers("skipped")) == ["10.0.6.1:8080"]
    summary = {service["service"]: service for service in synced.get("/peers").json["services"]}
    assert list(summary) == sorted(summary)
    assert (summary["partly-down"]["peers"], summary["partly-down"]["eligible"]) == (3, 1)
    assert (summary["empty"]["peers"], summary["empty"]["eligible"]) == (0, 0)


def test_skipped_entries_are_counted_and_explained(synced: LookasideServer) -> None:
    source = synced.get("/stats").json["sources"][0]
    assert source["skipped"] == 4
    reasons = "\n".join(source["skipped_reasons"])
    for key in ("skipped/10.0.6.2:99999", "skipped/10.0.6.3:8080", "skipped/10.0.6.4:8080", "skipped/name.example:8080"):
        assert key in reasons


def test_picks_are_counted_in_the_statistics(changing: LookasideServer) -> None:
    with Connection(changing.port) as connection:
        for _ in range(20):
            connection.request("GET", "/pick/web")
        connection.request("GET", "/pick/web?n=25")
        connection.request("GET", "/pick/web?n=5&exclude=10.0.0.1:8080")
        connection.request("GET", "/pick/web?n=100&dry_run=1")
        connection.request("HEAD", "/pick/web")
    statistics = changing.wait_for("/stats/web", lambda answer: answer.json["picks"] >= 50, timeout=3).json
    assert statistics["picks"] == 50
    assert sum(peer["picks"] for peer in statistics["peers"]) == 50
    one = changing.get("/stats/web?peer=10.0.0.1:8080").json
    assert [peer["peer"] for peer in one["peers"]] == ["10.0.0.1:8080"]
    assert changing.get("/stats").json["picks"] == 50


@pytest.mark.parametrize("target", ["/peers", "/peers/web"])
def test_the_client_is_told_when_it_has_the_state_already(contract: Contract, changing: LookasideServer, target: str) -> None:
    first = changing.get(target)
    tag = first.header("ETag")
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = changing.get(target, {"If-None-Match": known})
        assert (answer.status, answer.header("ETag")) == (304, tag)
        contract.check("/components/responses/NotModified", answer)
    for unknown in ('"other"', tag.strip('"'), tag[:-1] + '0"'):
        assert changing.get(target, {"If-None-Match": unknown}).status == 200
    changing.write_peers('services: { web: { "10.0.0.9:1": {} } }\n')
    changing.wait_for(target, lambda answer: answer.header("ETag") != tag)
    changed = changing.get(target, {"If-None-Match": tag})
    assert changed.status == 200
    assert changed.json["index"] > first.json["index"]


def test_the_etag_of_one_service_does_not_change_with_another(changing: LookasideServer) -> None:
    services = 'services: { web: { "10.0.0.1:1": {} }, other: {' + ' "10.0.0.2:%d": {} } }\n'
    changing.write_peers(services % 1)
    tag = changing.wait_for("/peers/other", lambda answer: answer.status == 200).header("ETag")
    web = changing.wait_for("/peers/web", lambda answer: len(answer.json["peers"]) == 1).header("ETag")
    changing.write_peers(services % 2)
    changing.wait_for("/peers/other", lambda answer: answer.header("ETag") != tag)
    assert changing.get("/peers/web").header("ETag") == web


def test_a_client_that_has_the_last_etag_has_the_last_state(changing: LookasideServer) -> None:
    """A large service takes a while to compile: the ETag must not be ahead of what is published."""

    def peers(count: int) -> str:
        return "services:\n  large:\n" + "".join(f'    "10.1.{n // 200}.{n % 200}:80": {{ weight: {n % 97 + 1} }}\n' for n in range(count))

    def size(answer) -> int:
        return sum(service["peers"] for service in answer.json["services"])

    seen = {}
    count = 8_000
    for _ in range(3):
        count -= 1
        changing.write_peers(peers(count))
        deadline = time.monotonic() + 15
        with Connection(changing.port) as connection:
            while time.monotonic() < deadline:
                answer = connection.request("GET", "/peers")
                seen.setdefault(answer.header("ETag"), set()).add(size(answer))
                if size(answer) == count:
                    break
        time.sleep(0.3)
        last = changing.get("/peers")
        assert size(last) == count
        assert seen.get(last.header("ETag"), {count}) == {count}, "an earlier answer with the last ETag was out of date"


# Sources that fail, and the end


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


def test_a_server_becomes_ready_when_its_source_delivers(contract: Contract, tmp_path) -> None:
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
    assert (answer.status, answer.code) == (503, "overloaded")
    contract.check_answer("/readyz", "GET", answer)
    assert connections.pop().request("GET", "/pick/web").status == 200
    for connection in connections:
        connection.close()

"""Holds `openapi.json` against the format's own rules, and the server against `openapi.json`.

Needs the packages of `requirements.txt` and the binary of `swift build`, or the one that `LOOKASIDE_BINARY` names.
"""

import json
import re
from collections.abc import Iterator

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from cases import CASES, NOT_IN_THE_TABLE, OUTCOME, TARGETS, Case
from contract import DOCUMENT_PATH, REPOSITORY, Contract
from exchange import send_raw
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
    for path, method in contract.operations:
        for response in contract.responses(path, method).values():
            for media_type in contract.at(response).get("content", {}).values():
                assert media_type["examples"], response


def test_every_error_code_has_an_example(contract: Contract) -> None:
    for name, response in contract.document["components"]["responses"].items():
        codes = contract.codes(f"/components/responses/{name}")
        if codes:
            examples = response["content"]["application/json"]["examples"].values()
            assert [example["value"]["error"]["code"] for example in examples] == codes


def test_every_object_of_the_server_lists_all_its_fields(contract: Contract) -> None:
    # What comes from elsewhere may hold more.
    foreign = {"OpenAPI", "Outcome"}
    for name, schema in contract.document["components"]["schemas"].items():
        if schema.get("type") == "object" and name not in foreign:
            assert schema["additionalProperties"] is False, name
            assert set(schema["required"]) <= set(schema["properties"]), name


def test_every_operation_says_what_it_is(contract: Contract) -> None:
    seen = set()
    for path, item in contract.document["paths"].items():
        methods = item.keys() - {"parameters"}
        assert methods in ({"get", "head"}, {"post"}), f"{path} has a method that no test asks for"
        for method in methods:
            operation = item[method]
            assert operation["summary"] and operation["description"]
            assert operation["operationId"] not in seen
            seen.add(operation["operationId"])


def test_head_has_the_statuses_and_headers_of_get(contract: Contract) -> None:
    for path, method in contract.operations:
        if method != "GET":
            continue
        get, head = contract.responses(path, "get"), contract.responses(path, "head")
        assert get.keys() == head.keys()
        for status in get:
            assert contract.at(get[status]).get("headers") == contract.at(head[status]).get("headers"), f"{path} {status}"
            assert "content" not in contract.at(head[status])


def test_the_document_describes_every_route_of_the_program_and_no_other(contract: Contract) -> None:
    source = (REPOSITORY / "Sources" / "LookasideAPI" / "LookasideAPI.swift").read_text()
    assert sorted(re.findall(r'\("(/[^"]*)"\)', source)) == sorted(contract.paths)


# The table of cases


def test_everything_documented_has_a_case(contract: Contract) -> None:
    documented = set()
    for path, method in contract.operations:
        for status, response in contract.responses(path, method).items():
            documented |= {(path, status, code) for code in contract.codes(response) or [None]}
    tested = {(case.path, case.status, case.code) for case in CASES}
    assert documented - tested - NOT_IN_THE_TABLE.keys() == set()
    assert NOT_IN_THE_TABLE.keys() - documented == set()
    assert NOT_IN_THE_TABLE.keys() & tested == set()
    assert tested - documented == set()


@pytest.mark.parametrize(
    ("method", "case"),
    [pytest.param(method, case, id=f"{method} {case}") for case in CASES for method in ([case.method, "HEAD"] if case.method == "GET" else [case.method])],
)
def test_the_answer_is_the_documented_one(contract: Contract, request: pytest.FixtureRequest, method: str, case: Case) -> None:
    server = request.getfixturevalue(case.server)
    answer = server.request(method, case.target, case.headers, case.body)
    assert answer.status == case.status, answer
    contract.check_answer(case.path, method, answer)
    if method != "HEAD":
        assert answer.body == b"" if case.status == 304 else answer.code == case.code


@pytest.mark.parametrize(
    "target",
    ["/", "/pick", "/pick/", "/pick//", "/pick//web", "//pick/web", "/pick/web/", "/pick/web/x", "/Pick/web", "/peers/", "/peers//", "/stats/"]
    + ["/healthz/", "/healthz/x", "/version/..", "/pick%2Fweb", "/..", "/%00", "/%zz", "/favicon.ico", "/report/x", "/metrics/web", "*"]
    + ["http://lookaside.example", "http://lookaside.example/", "http://lookaside.example/pick", "http:///pick/web", "ftp://x/pick/web", "/a" * 9],
)
def test_a_path_that_is_not_documented_is_not_found(contract: Contract, synced: LookasideServer, target: str) -> None:
    for method in ("GET", "HEAD", "POST"):
        answer = synced.request(method, target)
        assert answer.status == 404
        contract.check(NOT_FOUND, answer, method)


@every_path
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get", "BREW"])
def test_another_method_is_not_allowed_and_the_answer_says_which_are(contract: Contract, synced: LookasideServer, path: str, method: str) -> None:
    # The method is judged before body, service name, parameters and existence.
    service = TARGETS[path].replace("/web", "/..")
    for target, body in [(TARGETS[path], None), (TARGETS[path], b"{}"), (service + "?zzz=1", None)]:
        answer = synced.request(method, target, body=body)
        assert answer.status == 405
        contract.check(METHOD_NOT_ALLOWED, answer)
        assert answer.header("Allow") == "GET, HEAD"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_report_is_posted(contract: Contract, synced: LookasideServer, method: str) -> None:
    for target, body in [("/report", None), ("/report", OUTCOME), ("/report?zzz=1", None)]:
        answer = synced.request(method, target, body=body)
        assert answer.status == 405
        contract.check(METHOD_NOT_ALLOWED, answer, method)
        assert answer.header("Allow") == "POST"


def test_an_array_over_the_limit_is_refused_announced_or_not(contract: Contract, synced: LookasideServer) -> None:
    announced = send_raw(synced.port, b"POST /report HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n")
    head, _, body = announced.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ")
    assert json.loads(body)["error"]["code"] == "body_too_large"
    answer = synced.request("POST", "/report", body=b"[%s]" % (b" " * 1_048_575), chunked=True)
    assert (answer.status, answer.code) == (413, "body_too_large")
    contract.check_answer("/report", "POST", answer)
    at_the_limit = synced.request("POST", "/report", body=b"[%s]" % (b" " * 1_048_574))
    assert at_the_limit.json == {"accepted": 0, "rejected": 0, "errors": []}


@every_path
def test_head_is_answered_like_get_without_a_body(synced: LookasideServer, path: str) -> None:
    for target in (TARGETS[path], TARGETS[path] + "?zzz=1"):
        head = send_raw(synced.port, f"HEAD {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        lines, separator, rest = head.partition(b"\r\n\r\n")
        assert separator and rest == b""
        get = synced.get(target, {"Connection": "close"})
        headers = [line.split(": ", 1) for line in lines.decode().split("\r\n")[1:]]
        assert sorted(name for name, _ in headers) == sorted(name for name, _ in get.headers)
        # Statistics, what fades and what follows a pick change between the two; names of headers and the type do not.
        changing = {"Date", "Content-Length"} if path.startswith(("/stats", "/metrics", "/explain")) else {"Date"}
        assert {name: value for name, value in headers if name not in changing} == {
            name: value for name, value in get.headers if name not in changing
        }


@every_path
@get_and_head
def test_a_request_with_a_body_is_refused_however_long_it_is(contract: Contract, synced: LookasideServer, path: str, method: str) -> None:
    for body, chunked in [(b"x", True), (b"x" * 70_000, False), (b"x" * 70_000, True)]:
        answer = synced.request(method, TARGETS[path], body=body, chunked=chunked)
        assert answer.status == 400
        contract.check_answer(path, method, answer)
        if method == "GET":
            assert answer.code == "invalid_body"


@every_path
def test_a_body_that_is_only_announced_is_refused_at_once(contract: Contract, synced: LookasideServer, path: str) -> None:
    announced = f"GET {TARGETS[path]} HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000000\r\n\r\n".encode()
    head, _, body = send_raw(synced.port, announced).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    contract.validate("/components/schemas/Error", json.loads(body))
    assert json.loads(body)["error"]["code"] == "invalid_body"


@pytest.mark.parametrize("target", ["/pick/web", "/nowhere"])
@pytest.mark.parametrize(
    "headers",
    ["Content-Length: 0\r\nContent-Length: 0", "Content-Length: 1\r\nTransfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked"],
)
def test_a_message_of_unclear_length_is_refused_and_its_connection_closed(
    contract: Contract, synced: LookasideServer, headers: str, target: str
) -> None:
    message = f"GET {target} HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n".encode()
    received = send_raw(synced.port, message + b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 400 ")
    assert received.count(b"HTTP/1.1 ") == 1
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower()
    contract.validate("/components/schemas/Error", json.loads(body))
    assert json.loads(body)["error"]["code"] == "invalid_request"


@pytest.mark.parametrize("headers", ["X: y", "Host: x\r\nHost: x", "Host : x"], ids=["no host", "two hosts", "a space before the colon"])
def test_a_request_for_no_host_or_for_two_is_refused_and_its_connection_closed(
    contract: Contract, synced: LookasideServer, headers: str
) -> None:
    received = send_raw(synced.port, f"GET /healthz HTTP/1.1\r\n{headers}\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert received.startswith(b"HTTP/1.1 400 ")
    assert received.count(b"HTTP/1.1 ") == 1
    contract.validate("/components/schemas/Error", json.loads(received.partition(b"\r\n\r\n")[2]))


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (b"GET /healthz\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        (b"GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n", 505),
    ],
    ids=["no version", "no length", "a long target", "a long header", "another version"],
)
def test_what_the_http_library_refuses_has_its_own_html_body_and_ends_the_connection(synced: LookasideServer, message: bytes, status: int) -> None:
    received = send_raw(synced.port, message + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert received.startswith(f"HTTP/1.1 {status} ".encode())
    assert received.endswith(b"</html>")
    assert b"application/json" not in received


def test_the_served_document_is_the_file(synced: LookasideServer) -> None:
    assert synced.get("/openapi.json").body == DOCUMENT_PATH.read_bytes()


def test_the_served_version_is_the_one_of_the_document(contract: Contract, synced: LookasideServer) -> None:
    assert synced.get("/version").json["version"] == contract.document["info"]["version"]

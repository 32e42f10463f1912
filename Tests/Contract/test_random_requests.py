"""Requests made at random, from a fixed seed: whatever comes, the answer is a documented one and the server lives."""

import http.client
import random
import string

import pytest

from cases import TARGETS
from contract import Contract
from exchange import Connection, send_raw
from lookaside_server import LookasideServer

SEED = 20_260_131
REQUESTS = 3_000
MUTATIONS = 600

SEGMENTS = ["pick", "peers", "stats", "healthz", "readyz", "version", "openapi.json", "report", "metrics", "", ".", "..", "p%69ck", "%2F", "%00", "%zz", "%"]
SERVICES = ["web", "fractional", "single", "partly-down", "down", "empty", "ipv6", "described", "nobody", "w%65b", "n" * 253, "n" * 254]
NAMES = ["n", "exclude", "format", "dry_run", "window", "peer", "key", "zone", "N", "", "%6e", "%zz", "a" * 300]
VALUES = ["", "0", "1", "2", "16", "100", "1000", "1001", "-1", "+5", "%2B5", "1e3", "json", "text", "10.0.0.1:8080", "[::1]:80", "%5B::1%5D:80"]
VALUES += ["10.0.0.1:8080,10.0.0.2:8080", ",".join(["10.0.0.1:8080"] * 17), "%00", "%zz", "%ff", "%C3%BC", "\"'<>\\", "9" * 40]
ACCEPTS = ["*/*", "text/plain", "application/json", "text/plain;q=0", ",,,", ";", "text/plain, image/*"]
METHODS = ["GET"] * 12 + ["HEAD"] * 4 + ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]
PRINTABLE = string.ascii_letters + string.digits + string.punctuation


def noise(generator: random.Random, longest: int) -> str:
    return "".join(generator.choices(PRINTABLE, k=generator.randint(0, longest)))


def random_target(generator: random.Random) -> str:
    if generator.random() < 0.75:
        target = generator.choice(list(TARGETS)).replace("{service}", generator.choice([*SERVICES, noise(generator, 20).replace("/", "")]))
    else:
        target = "/" + "/".join(generator.choice([*SEGMENTS, *SERVICES, noise(generator, 20)]) for _ in range(generator.randint(0, 4)))
    if generator.random() < 0.5:
        pairs = [f"{generator.choice(NAMES)}={generator.choice(VALUES)}" for _ in range(generator.randint(0, 3))]
        if generator.random() < 0.2:
            pairs.append(noise(generator, 40))
        target += "?" + "&".join(pairs)
    return target


def test_random_requests_get_documented_answers(contract: Contract, synced: LookasideServer) -> None:
    generator = random.Random(SEED)
    statuses = set()
    with Connection(synced.port) as connection:
        for number in range(REQUESTS):
            method, target = generator.choice(METHODS), random_target(generator)
            headers = {}
            if generator.random() < 0.3:
                headers["Accept"] = generator.choice([*ACCEPTS, noise(generator, 30)])
            if generator.random() < 0.2:
                headers["If-None-Match"] = generator.choice(["*", '""', noise(generator, 30)])
            body = generator.randbytes(generator.randint(0, 200)) if generator.random() < 0.1 else None
            try:
                answer = connection.request(method, target, headers, body)
                statuses.add(answer.status)
                # A segment may be spelled with escapes (`p%69ck`): the document's paths are compared decoded.
                path = contract.match(target.replace("p%69ck", "pick"))
                if path is None:
                    assert answer.status == 404, answer
                    contract.check("/components/responses/NotFound", answer, method)
                elif path == "/report" and method == "POST":
                    contract.check_answer(path, method, answer)
                elif path == "/report" or method not in ("GET", "HEAD"):
                    assert answer.status == 405, answer
                    contract.check("/components/responses/MethodNotAllowed", answer, method)
                else:
                    contract.check_answer(path, method, answer)
                    if body and method == "GET":
                        assert answer.code == "invalid_body", answer
            except (AssertionError, OSError, ValueError, http.client.HTTPException) as error:
                pytest.fail(f"request {number}, {method} {target} {headers} {body!r}: {error!r}\n{synced.log[-2000:]}")
    assert statuses == {200, 304, 400, 404, 405, 503}
    assert synced.process.poll() is None
    assert synced.get("/pick/web").status == 200


def test_mangled_messages_never_break_the_server(synced: LookasideServer) -> None:
    generator = random.Random(SEED)
    for number in range(MUTATIONS):
        target = random_target(generator)
        message = bytearray(f"GET {target} HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}".encode())
        for _ in range(generator.randint(1, 6)):
            place = generator.randrange(len(message))
            choice = generator.random()
            if choice < 0.5:
                message[place] = generator.randrange(256)
            elif choice < 0.75:
                del message[place : place + generator.randint(1, 8)]
            else:
                message[place:place] = generator.choice([b"\r\n", b"\0", b" ", b"%", b":", b"\xff" * 20])
        received = send_raw(synced.port, bytes(message), patience=0.1)
        status = received[9:12].decode(errors="replace")
        # 501 and 505: what the HTTP library refuses itself; 503: the service has no peer.
        assert status == "" or (received.startswith(b"HTTP/1.") and status < "500") or status in ("501", "503", "505"), (
            f"message {number}, {bytes(message)!r}: {received!r}"
        )
        assert synced.process.poll() is None, f"message {number}, {bytes(message)!r} ended the server:\n{synced.log[-2000:]}"
    assert synced.get("/pick/web").status == 200

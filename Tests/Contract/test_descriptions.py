"""What `openapi.json` says in words: its descriptions, beyond what a schema can hold."""

import time

import pytest

from cases import LINES, OUTCOME
from contract import Contract
from exchange import Answer, Connection
from lookaside_server import LookasideServer


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


def test_a_key_keeps_its_peer_moves_no_cursor_and_counts(synced: LookasideServer) -> None:
    def picks(answer: Answer) -> int:
        lines = answer.body.decode().splitlines()
        return sum(int(line.split()[-1]) for line in lines if line.startswith('lookaside_picks_total{service="ipv6"'))

    before = synced.get("/pick/ipv6?dry_run=1&n=5").json["peers"]
    # What is counted is shown within a second or two.
    time.sleep(2.5)
    counted = picks(synced.get("/metrics"))
    peers = [{peer["peer"] for peer in synced.get(f"/pick/ipv6?key=user-{number}&n=4").json["peers"]} for number in range(40)]
    assert all(len(each) == 1 for each in peers)
    assert len(set.union(*peers)) > 1
    assert synced.get("/pick/ipv6?dry_run=1&n=5").json["peers"] == before
    synced.wait_for("/metrics", lambda answer: picks(answer) == counted + 160)


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
    keys = ["skipped/10.0.6.2:99999", "skipped/10.0.6.3:8080", "skipped/10.0.6.4:8080", "skipped/name.example:8080"]
    for key in keys:
        assert key in reasons
    explained = synced.get("/explain/skipped").json["skipped"]
    assert [(entry["source"], entry["key"]) for entry in explained] == [("file", key) for key in keys]
    assert "weight" in explained[1]["reason"]
    assert synced.get("/explain/web").json["skipped"] == []


def test_what_log_check_found_is_with_its_ejection(changing: LookasideServer) -> None:
    outcome = b'{"service":"web","peer":"10.0.0.1:8080","error":"timeout"}'
    changing.request("POST", "/report", body=b"[%s]" % b",".join([outcome] * 5))
    found = {"window_seconds": 10, "requests": 5, "failures": 5, "run": 5}
    event = changing.wait_for("/events", lambda answer: answer.json["events"]).json["events"][0]
    assert (event["peer"], event["to"], event["evidence"]) == ("10.0.0.1:8080", "ejected", found)
    peers = {peer["peer"]: peer for peer in changing.get("/explain/web").json["peers"]}
    assert peers["10.0.0.1:8080"]["evidence"] == found
    assert peers["10.0.0.1:8080"]["ejected_until"] > peers["10.0.0.1:8080"]["since"]
    assert "ejected_until" not in peers["10.0.0.2:8080"]


def test_reports_and_what_was_rejected_are_counted(changing: LookasideServer) -> None:
    changing.request("POST", "/report", body=b"[%s,%s,{}]" % (OUTCOME, OUTCOME.replace(b"web", b"nobody")))
    reports = changing.get("/stats").json["reports"]
    assert (reports["reports"], reports["accepted"], reports["rejected"]) == (1, 2 - 1, {"unknown_service": 1, "invalid_outcome": 1})
    assert reports["last_error"].startswith("unknown_service: ")


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


def test_a_report_says_which_items_were_rejected_and_why(synced: LookasideServer) -> None:
    items = [OUTCOME, b"{}", b'{"service":"nobody","peer":"10.0.0.1:8080","status":200}', b'{"service":"web","peer":"10.9.9.9:8080","status":200}']
    array = synced.request("POST", "/report", body=b"[%s]" % b",".join(items)).json
    assert (array["accepted"], array["rejected"]) == (1, 3)
    assert [(error["index"], error["code"]) for error in array["errors"]] == [(1, "invalid_outcome"), (2, "unknown_service"), (3, "unknown_peer")]
    lines = synced.request("POST", "/report", LINES, b"\n\n".join([*items, b"x", b" " * 65_537]), chunked=True).json
    assert (lines["accepted"], lines["rejected"]) == (1, 5)
    assert [error["index"] for error in lines["errors"]] == [2, 4, 6, 8, 10]
    assert [error["code"] for error in lines["errors"]][3:] == ["invalid_json", "invalid_outcome"]
    many = synced.request("POST", "/report", LINES, b"x\n" * 1_000).json
    assert (many["rejected"], [error["index"] for error in many["errors"]]) == (1_000, list(range(20)))


def test_outcomes_without_an_object_or_array_around_them_have_no_limit(synced: LookasideServer) -> None:
    body = OUTCOME + b"\n"
    answer = synced.request("POST", "/report", LINES, body * (5_000_000 // len(body)))
    assert answer.json == {"accepted": 5_000_000 // len(body), "rejected": 0, "errors": []}


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

    def size(answer: Answer) -> int:
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

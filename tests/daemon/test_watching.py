"""The operator's pages, and who may read which page."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from gateway.health import Line, State
from gateway.web import watching
from gateway.web.access import Access
from gateway.web.app import Source, make_app
from gateway.web.watching import Watched, watching_pages
from parsers.errors import Deferred
from router.tokens import Keyring
from store.watching import Amounts, DirectoryAmounts
from store.watching_desk import DeskAmounts

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SINCE = NOW - timedelta(hours=2)
AMOUNTS = Amounts(
    doors={"accepted": 7, "accepted.smtp": 5, "accepted.lmtp": 2, "refused.smtp": 1, "x.evil": 3},
    desk={
        "outcome.new": 4,
        "tickets.assigned.USER": 3,
        "tickets.\nevil{}.USER": 2,
        "replayed": 1,
        "proof.dkim.pass": 6,
        "proof.evil.fail": 2,
        "dns.unanswered": 3,
    },
    inbox={("kept", 0): 1, ("kept", 2): 6, ("broken", 2): 1},
    outbox={("waiting", 1): 8},
    held={"unproven sender": 9, 'a "new" reason': 1},
    oldest_in=NOW - timedelta(seconds=90),
    oldest_out=None,
    bytes_of={"tickets.db": 4096},
    reproofs=2,
    directories=(
        DirectoryAmounts("goc", True, NOW - timedelta(hours=5), None, {"site": 9, "roc": 2}, 4),
        DirectoryAmounts("people", True, NOW - timedelta(days=2), SINCE, {"member": 7}, 0),
        DirectoryAmounts("new", False, None, None, {}, 0),
    ),
)
WELL = (Line("smtp", State.OK, "", SINCE), Line("disk", State.OK))
PAGES = ("/healthz", "/readyz", "/metrics")


def client(
    lines: Callable[[], Sequence[Line]] = lambda: WELL,
    amounts: Callable[[], Amounts] = lambda: AMOUNTS,
    access: Access | None = None,
    peer: tuple[str, int] | None = ("127.0.0.1", 1),
    queues: Callable[[], DeskAmounts] = DeskAmounts,
) -> TestClient:
    source = Source("Desk", {}, dict, dict, lambda _m, _i: None, Keyring((b"k" * 32,)), lambda: NOW)
    pages = watching_pages(Watched(lines, amounts, queues, lambda: NOW))
    app = make_app(source, access or Access(), pages)
    return TestClient(app, raise_server_exceptions=False, client=peer)  # type: ignore[arg-type]


def samples(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_healthz_only_says_that_this_process_answers() -> None:
    def broken() -> Any:
        raise RuntimeError("the store is away")

    answer = client(broken, broken).get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_readyz_has_one_line_for_each_and_is_503_when_one_is_not_well() -> None:
    answer = client().get("/readyz")
    assert answer.status_code == 200
    assert answer.text == "smtp: ok, since 2026-03-01 10:00:00 UTC\ndisk: ok\n"
    for state in (State.FAILING, State.SILENT):
        bad = Line("courier-0", state, "the relay\r\nforged: ok", SINCE)
        answer = client(lambda bad=bad: (*WELL, bad)).get("/readyz")
        assert answer.status_code == 503
        assert answer.text.splitlines()[2:] == [
            f"courier-0: {state}, the relay forged: ok, since 2026-03-01 10:00:00 UTC"
        ]


def test_a_store_that_hangs_makes_the_pages_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "PATIENCE_S", 0.1)
    end = threading.Event()

    def hangs() -> Any:
        end.wait(30)
        return WELL

    try:
        with client(hangs, hangs) as pages:
            answer = pages.get("/readyz")
            assert answer.status_code == 503
            assert answer.text == "store: silent, it does not answer in time\n"
            assert pages.get("/metrics").status_code == 503
            assert pages.get("/healthz").status_code == 200
            end.set()
    finally:
        end.set()


def test_metrics_that_cannot_be_read_say_nothing_of_why() -> None:
    def fails() -> Amounts:
        raise Deferred("public", "inner secret")

    answer = client(amounts=fails).get("/metrics")
    assert answer.status_code == 503
    assert "secret" not in answer.text


def test_the_rest_is_shown_when_the_queues_cannot_be_read() -> None:
    def fails() -> DeskAmounts:
        raise Deferred("public", "inner secret")

    answer = client(queues=fails).get("/metrics")
    assert answer.status_code == 200
    assert "secret" not in answer.text
    assert "ticketgate_mails_total" in answer.text
    assert "ticketgate_open" not in answer.text


def test_many_readers_read_the_store_once(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 100.0
    monkeypatch.setattr(watching, "monotonic", lambda: moment)
    reads = []

    def amounts() -> Amounts:
        reads.append(1)
        return AMOUNTS

    with client(amounts=amounts) as pages:
        assert {pages.get("/metrics").status_code for _ in range(20)} == {200}
        assert len(reads) == 1
        moment += watching.AMOUNTS_LAST_S + 1
        assert pages.get("/metrics").status_code == 200
    assert len(reads) == 2


def test_the_metrics_are_prometheus_text_with_closed_labels() -> None:
    answer = client().get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = samples(answer.text)
    assert found["ticketgate_door_accepted_total", ("smtp",)] == 5
    assert found["ticketgate_door_accepted_total", ("imap",)] == 0
    assert found["ticketgate_door_refused_total", ("smtp",)] == 1
    assert found["ticketgate_mails_total", ("new",)] == 4
    assert found["ticketgate_mails_total", ("broken",)] == 0
    assert found["ticketgate_tickets", ("USER", "assigned")] == 3
    assert found["ticketgate_tickets", ("USER", "other")] == 2
    assert found["ticketgate_held_tickets", ("unproven sender",)] == 9
    assert found["ticketgate_held_tickets", ("other",)] == 1
    assert found["ticketgate_inbox", ("alarm", "kept")] == 1
    assert found["ticketgate_inbox", ("rest", "broken")] == 1
    assert found["ticketgate_outbox", ("reply", "waiting")] == 8
    assert found["ticketgate_inbox_oldest_seconds", ()] == 90
    assert found["ticketgate_outbox_oldest_seconds", ()] == 0
    assert found["ticketgate_healthy", ("smtp",)] == 1
    assert found["ticketgate_store_bytes", ("tickets.db",)] == 4096
    assert found["ticketgate_proofs_total", ("dkim", "pass")] == 6
    assert found["ticketgate_proofs_total", ("smime", "temperror")] == 0
    assert found["ticketgate_proofs_total", ("other", "fail")] == 2
    assert found["ticketgate_dns_unanswered_total", ()] == 3
    assert found["ticketgate_reproofs_waiting", ()] == 2
    assert "evil" not in answer.text


def test_the_metrics_say_how_each_directory_is() -> None:
    found = {
        (name.removeprefix("ticketgate_directory_"), *labels): value
        for (name, labels), value in samples(client().get("/metrics").text).items()
        if name.startswith("ticketgate_directory_")
    }
    assert {name: found["ok", name] for name in ("goc", "people", "new")} == {
        "goc": 1, "people": 0, "new": 0,
    }  # fmt: skip
    assert found["copy_age_seconds", "goc"] == 5 * 3600
    assert ("copy_age_seconds", "new") not in found, "a copy that is not there has no age"
    assert found["failing_seconds", "people"] == 2 * 3600
    assert found["failing_seconds", "goc"] == found["failing_seconds", "new"] == 0
    assert found["notes", "goc"] == 4
    assert (found["entries", "goc", "site"], found["entries", "goc", "member"]) == (9, 0)
    assert found["entries", "people", "member"] == 7


def test_metrics_show_who_is_not_well() -> None:
    bad = replace(WELL[0], state=State.SILENT)
    assert (
        samples(client(lambda: (bad,)).get("/metrics").text)["ticketgate_healthy", ("smtp",)] == 0
    )


HERE, V6, MAPPED, SOCKET = ("127.0.0.1", 1), ("::1", 1), ("::ffff:127.0.0.1", 1), None
WATCHER, WORLD, ODD = ("192.0.2.7", 1), ("198.51.100.9", 1), ("no address", 1)


@pytest.mark.parametrize(
    ("mode", "peer", "reads", "watches"),
    [
        *(("loopback", peer, True, True) for peer in (HERE, V6, MAPPED, SOCKET)),
        ("loopback", WATCHER, False, True),
        ("loopback", WORLD, False, False),
        ("proxy", HERE, True, False),
        ("proxy", SOCKET, True, False),
        ("proxy", WATCHER, False, True),
        ("proxy", WORLD, False, False),
        ("everyone", HERE, True, True),
        ("everyone", SOCKET, True, True),
        ("everyone", WATCHER, True, True),
        ("everyone", WORLD, True, False),
        ("everyone", ODD, False, False),
    ],
)
def test_who_may_read_what(
    mode: Any, peer: tuple[str, int] | None, *, reads: bool, watches: bool
) -> None:
    access = Access(mode, (ip_network("192.0.2.0/24"),))
    with client(access=access, peer=peer) as pages:
        assert (pages.get("/").status_code == 200) == reads
        assert (pages.get("/style.css").status_code == 200) == (reads or watches)
        for path in PAGES:
            answer = pages.get(path)
            assert answer.status_code == (200 if watches else 403), path
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert watches or answer.text == "This page is not for everybody.\n"


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "x-real-ip"])
def test_a_request_that_somebody_passes_on_never_sees_the_operators_pages(header: str) -> None:
    for mode in ("loopback", "everyone"):
        pages = client(access=Access(mode))  # type: ignore[arg-type]
        assert pages.get("/", headers={header: "198.51.100.9"}).status_code == 200
        for path in (*PAGES, "/metrics/"):
            assert pages.get(path, headers={header: "127.0.0.1"}).status_code == 403

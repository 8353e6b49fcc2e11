"""A whole daemon stands still for longer than its claims hold: the other goes on with its mails."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from running import Helpdesk, helpdesk, mail, until
from sqlalchemy import func, select, text, update

from gateway.now import utc_now
from gateway.processes.naming import daemon_name
from parsers.mail import hear
from store.engine import Store, open_store
from store.inbox import GONE_AFTER
from store.tables import event, inbox, outbox, role_health
from tests.postgresql.looking import ends, is_still, on

MAILS = 60


def claimed_by(store: Store, daemon: str) -> list[int]:
    """Return the mails that wait in the hands of a daemon."""
    held = inbox.c.claimed_by.endswith(daemon, autoescape=True)
    with store.reading() as conn:
        found = conn.execute(select(inbox.c.mail).where(held, inbox.c.state == "kept"))
        return sorted(found.scalars())


def slow_mail(number: int) -> bytes:
    """Return a mail that takes long to hear: between its claim and its writing there is time."""
    head = (
        "From: Anna Adams <anna@physics.example>\r\nTo: support@helpdesk.example\r\n"
        f"Subject: Trouble\r\nMessage-ID: <{number}@physics.example>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n"
    )
    return (head + "<table><tr><td>It fails.</td></tr></table>\r\n" * 1_200).encode()


class Pids:
    """The processes of a daemon, to be halted and to be let go on."""

    def __init__(self, desk: Helpdesk) -> None:
        assert desk.process is not None
        roles = desk.roles()
        self.courier = [roles["courier-0"]]
        self.workers = [pid for name, pid in roles.items() if name.startswith("work-")]
        self.all = [desk.process.pid, *roles.values()]


def send_each(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def halt_with_mails_in_hand(pids: Pids, store: Store, daemon: str) -> list[int]:
    """Let the workers go on, and halt all when they hold mails; return these."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        send_each(pids.workers, signal.SIGCONT)
        while not claimed_by(store, daemon) and time.monotonic() < end:
            time.sleep(0.002)  # a batch is in hand for a quarter of a second
        send_each(pids.all, signal.SIGSTOP)
        if mails := claimed_by(store, daemon):
            return mails
    raise AssertionError("the daemon was never halted with mails in its hands")


def named(url: str, name: str) -> str:
    """Return the URL by which the server sees whose sessions they are."""
    return f"{url}{'&' if '?' in url else '?'}application_name={name}"


def let_time_pass(store: Store, daemon: str) -> None:
    """Do what two minutes do to a halted daemon: its rows grow old."""
    theirs = role_health.c.name.endswith(daemon, autoescape=True)
    with store.writing() as conn:
        before = utc_now() - GONE_AFTER - timedelta(seconds=1)
        conn.execute(update(role_health).where(theirs).values(at=before))


def goes_on_without(store: Store, name: str, done: Callable[[], bool], what: str) -> None:
    """Wait until the other is done, while the server cuts off what the halted one has begun.

    The server does so after a minute, and again with what it was still busy with.
    """
    cut = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = :name AND state <> 'idle'"
    )

    def looked() -> bool:
        with store.writing() as conn:
            conn.execute(cut, {"name": name})
        return done()

    until(looked, what, 120)


@pytest.mark.timeout(300)
def test_a_daemon_that_stood_still_loses_its_claims_and_does_nothing_twice(
    place: Path, own_url: str
) -> None:
    for name in ("one", "two"):
        (place / name).mkdir()
    with ExitStack() as stack:
        one, two = (
            stack.enter_context(helpdesk(place / n, on(named(own_url, n)))) for n in ("one", "two")
        )
        store = open_store(own_url)
        stack.callback(store.close)
        daemon, roles, pids = daemon_name(store, one.config), one.roles(), Pids(one)
        stack.callback(send_each, pids.all, signal.SIGCONT)
        others = Pids(two).workers
        stack.callback(send_each, others, signal.SIGCONT)
        send_each([*pids.workers, *others], signal.SIGSTOP)  # until there is a heap of mails
        send_each(pids.courier, signal.SIGSTOP)  # what is in a courier's hands may go twice
        for number in range(MAILS):
            desk = (one, two)[number % 2]
            assert desk.send(slow_mail(number), ["support@helpdesk.example"]).startswith("250")
        held = halt_with_mails_in_hand(pids, store, daemon)
        send_each(others, signal.SIGCONT)
        let_time_pass(store, daemon)
        goes_on_without(store, "one", lambda: is_still(store), "the other has done what was left")
        send_each(pids.all, signal.SIGCONT)
        assert one.send(mail(MAILS), ["support@helpdesk.example"]).startswith("250")
        until(lambda: ends(store)[1] > MAILS and is_still(store), "all is decided and carried", 60)
        assert one.roles() == roles, "nobody was restarted"
        outcomes, tickets, twice = ends(store)
        assert (outcomes, tickets, twice) == ({"new": MAILS + 1}, MAILS + 1, 0)
        with store.reading() as conn:
            openings = conn.execute(select(event.c.mail).where(event.c.mail.is_not(None)))
            assert max(Counter(openings.scalars()).values()) == 1
            rows = conn.execute(select(func.count()).select_from(outbox)).scalar_one()
        went = [hear(path.read_bytes()).message_id for d in (one, two) for path in d.outgoing()]
        assert (len(set(went)), len(went)) == (rows, rows)
        said = (place / "two" / "serve.log").read_text().splitlines()
        log = [json.loads(line) for line in said if line.startswith("{")]
        taken = [one["mails"] for one in log if one["event"].startswith("took over the claims")]
        assert sum(taken) == len(held)
        said_by_one = (place / "one" / "serve.log").read_text()
        assert "could not work on mails" not in said_by_one, "it saw by itself that it was too late"

"""Two daemons and one clock of tickets: its keeper stands still, the other goes on, none twice."""

import os
import signal
from collections import Counter
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from running import helpdesk, mail, until
from sqlalchemy import func, select, update

from gateway.clock_lead import NAME
from gateway.now import utc_now
from gateway.processes.naming import daemon_name, daemon_of
from router.words import EventKind, Status
from store import leases
from store.clock_tables import timing
from store.engine import Store, open_store
from store.tables import event, outbox, ticket
from tests.postgresql.looking import ends, is_still, on
from tests.postgresql.test_halted_daemon import (
    Pids,
    goes_on_without,
    let_time_pass,
    named,
    send_each,
)

TICKETS = 40
RELAY = 'url = "maildir:outgoing"\n'
ALWAYS = {RELAY: RELAY + '\n[clock]\nhours = ["mon-sun 00:00-24:00"]\n'}  # whatever day it is


# All steps together take long enough for a busy machine to look at them in the middle.
SLOWLY = f"""
CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN PERFORM pg_sleep(0.15); RETURN NEW; END';
CREATE TRIGGER slowly BEFORE INSERT ON event FOR EACH ROW
  WHEN (NEW.kind = '{EventKind.REMINDED}') EXECUTE FUNCTION slowly();
"""


def waits_since_long_ago(store: Store) -> None:
    """Let each ticket wait for its submitter since a time at which two steps have become due."""
    before = utc_now() - timedelta(days=60)
    said = {"status": str(Status.WAITING)}
    since = dict.fromkeys(("unit_since", "status_since", "base", "due_at"), before)
    whom = select(ticket.c.submitter).where(ticket.c.number == timing.c.ticket).scalar_subquery()
    with store.writing() as conn:
        # With a new version, or a clock that is just being set would write over it.
        conn.execute(update(ticket).values({**said, "version": ticket.c.version + 1}))
        conn.execute(update(timing).values({**said, **since, "steps": 0, "due_for": whom}))


def reminded(store: Store) -> Counter[int]:
    """How often each ticket was reminded of."""
    of = event.c.kind == str(EventKind.REMINDED)
    with store.reading() as conn:
        return Counter(conn.execute(select(event.c.ticket).where(of)).scalars())


@pytest.mark.timeout(300)
def test_the_keeper_stands_still_beyond_its_lease_and_no_step_is_done_twice_or_left_out(
    place: Path, own_url: str
) -> None:
    for name in ("one", "two"):
        (place / name).mkdir()
    with ExitStack() as stack:
        desks = [
            stack.enter_context(helpdesk(place / n, {**on(named(own_url, n)), **ALWAYS}))
            for n in ("one", "two")
        ]
        store = open_store(own_url)
        stack.callback(store.close)
        for number in range(TICKETS):
            sender = f"p{number}@physics.example"
            raw = mail(number).replace(b"anna@physics.example", sender.encode())
            assert desks[0].send(raw, ["support@helpdesk.example"], sender).startswith("250")
        until(lambda: ends(store)[1] == TICKETS and is_still(store), "all is decided", 90)
        keeper = daemon_of(until(lambda: leases.holder(store, NAME), "somebody keeps the clock"))
        (kept,) = (one for one in desks if daemon_name(store, one.config) == keeper)
        pids = Pids(kept)
        stack.callback(send_each, pids.all, signal.SIGCONT)
        with store.writing() as conn:
            conn.exec_driver_sql(SLOWLY)
        waits_since_long_ago(store)
        until(lambda: reminded(store), "the keeper has begun")
        send_each(pids.all, signal.SIGSTOP)
        begun = len(reminded(store))
        assert begun < TICKETS, "it was halted in the middle"
        let_time_pass(store, keeper)
        goes_on_without(
            store, kept.place.name, lambda: len(reminded(store)) == TICKETS, "the other goes on"
        )
        assert daemon_of(leases.holder(store, NAME)) != keeper
        for pid in pids.all:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        log = kept.place / "serve.log"
        until(lambda: log.read_text().count("the clock of tickets") >= 2, "it sees it is late", 60)
        until(lambda: is_still(store), "all is carried", 60)
        assert reminded(store) == Counter(range(100001, 100001 + TICKETS))
        with store.reading() as conn:
            query = select(func.count()).select_from(outbox).where(outbox.c.kind == "reminder")
            assert conn.execute(query).scalar_one() == TICKETS
            steps = conn.execute(select(timing.c.steps)).scalars().all()
        assert set(steps) == {2}

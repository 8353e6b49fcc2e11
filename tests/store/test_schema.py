"""Migrations: in step with the tables, restartable, and other revisions are refused."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import postgres
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select, text

from parsers.errors import Refused
from router.ticket import TicketEvent
from router.words import EventKind
from store import schema
from store.engine import Store, open_store
from store.revision import HEADS, require_current
from store.rows import TICKET_TEXTS, event_row, read_event
from store.tables import event, sequence, ticket
from store.ticket_listing import history

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_url(request: pytest.FixtureRequest, place: Path) -> Iterator[str]:
    """Where no store has been made yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{place}/tickets.db"
    else:
        with postgres.database(template="template0") as url:
            yield url


@pytest.mark.parametrize("group", schema.GROUPS)
def test_the_migrations_make_exactly_the_tables_that_the_program_knows(
    store: Store, group: str
) -> None:
    with schema._connection(store, group) as conn:
        command.check(schema._config(group, conn))  # raises when they differ


@pytest.mark.parametrize("group", schema.GROUPS)
def test_the_revision_that_roles_ask_for_is_the_newest(group: str) -> None:
    script = ScriptDirectory.from_config(schema._config(group, None))
    assert script.get_current_head() == HEADS[group]


def test_a_history_of_before_notes_were_kept_is_read_without_any(store: Store) -> None:
    at = datetime(2026, 3, 2, 10, tzinfo=UTC)
    one = TicketEvent(EventKind.OPENED, "anne@physics.example", at, "Lost.")
    new = replace(one, notes=("For all.",), refusals=("For its writer.",))
    row = dict.fromkeys(TICKET_TEXTS, "") | {
        "number": 7, "version": 1, "kind": "USER", "wanted": "USER", "status": "new",
        "held": None, "priority": "urgent", "last_event": 1, "opened_at": at, "updated_at": at,
    }  # fmt: skip
    with store.writing() as conn:
        conn.execute(insert(ticket).values(row))
        conn.execute(insert(event).values(event_row(one, 1, 7, None)))
        for column in ("notes", "refusals"):
            conn.execute(text(f"ALTER TABLE event DROP COLUMN {column}"))
        conn.execute(text("UPDATE desk_revision SET version_num = '0010'"))
    with pytest.raises(Refused, match="0010"):
        require_current(store)
    schema.upgrade(store, first_ticket=1)
    require_current(store)
    with store.writing() as conn:
        conn.execute(insert(event).values(event_row(new, 2, 7, None)))
        rows = conn.execute(select(event).order_by(event.c.number)).mappings()
        assert [read_event(one) for one in rows] == [one, new]
    assert [(e.notes, e.refusals) for e in history(store, 7)] == [
        ((), ()), (("For all.",), ("For its writer.",)),
    ]  # fmt: skip


def test_an_upgrade_of_an_upgraded_store_changes_nothing(store: Store) -> None:
    schema.upgrade(store, first_ticket=1)
    require_current(store)
    with store.reading() as conn:
        assert (
            dict(conn.execute(select(sequence.c.name, sequence.c.next)).all())["ticket"] == 100001
        )


def test_the_first_ticket_can_be_raised_but_never_lowered(store: Store) -> None:
    schema.upgrade(store, first_ticket=200000)
    schema.upgrade(store, first_ticket=5)
    with store.reading() as conn:
        assert (
            dict(conn.execute(select(sequence.c.name, sequence.c.next)).all())["ticket"] == 200000
        )


def test_a_role_refuses_tables_of_another_revision(store: Store) -> None:
    with store.writing() as conn:
        conn.execute(text("UPDATE desk_revision SET version_num = '9999'"))
    with pytest.raises(Refused, match="9999"):
        require_current(store)


def test_an_older_program_does_not_touch_tables_of_a_newer_one(store: Store) -> None:
    with store.writing() as conn:
        conn.execute(text("UPDATE desk_revision SET version_num = '9999'"))
    with pytest.raises(Refused, match="newer ticketgate"):
        schema.upgrade(store, first_ticket=200000)
    with store.reading() as conn:
        numbers = dict(conn.execute(select(sequence.c.name, sequence.c.next)).all())
    assert numbers["ticket"] == 100001


def test_a_role_refuses_a_store_without_tables(bare_url: str) -> None:
    empty = open_store(bare_url)
    with pytest.raises(Refused, match="ticketgate serve"):
        require_current(empty)
    empty.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_upgrade_that_is_killed_at_any_statement_is_completed_by_the_next_one(
    place: Path, kind: str
) -> None:
    """Dies at the n-th statement, for every n until one run comes to its end."""
    with ExitStack() as stack:
        urls = {
            n: stack.enter_context(store_without_tables(kind, place / str(n)))
            for n in KILLED_AT[kind]
        }
        plan = [word for n, url in urls.items() for word in (str(n), url)]
        run = [sys.executable, "-c", DYING, *plan]
        ends = subprocess.run(run, check=True, capture_output=True, text=True).stdout.split()
        assert ends[0] == str(-signal.SIGKILL)
        assert ends[-1] == "0"
        for url in urls.values():
            store = open_store(url)
            schema.upgrade(store, first_ticket=7)
            require_current(store)
            for group in schema.GROUPS:
                with schema._connection(store, group) as conn:
                    command.check(schema._config(group, conn))
            store.close()


def test_four_starts_at_once_make_one_store(bare_url: str) -> None:
    program = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from store.engine import open_store
from store.schema import upgrade
store = open_store(sys.argv[1])
sys.stdin.read(1)
upgrade(store, first_ticket=7)
"""
    run = [sys.executable, "-c", program, bare_url]
    starts = [subprocess.Popen(run, stdin=subprocess.PIPE) for _ in range(4)]
    for one in starts:
        assert one.stdin is not None
        one.stdin.close()
    assert [one.wait(60) for one in starts] == [0, 0, 0, 0]
    store = open_store(bare_url)
    require_current(store)
    with store.reading() as conn:
        assert dict(conn.execute(select(sequence.c.name, sequence.c.next)).all()) == {
            "ticket": 7,
            "participant": 1,
            "outbox": 1,
        }
    store.close()


KILLED_AT = {
    "sqlite": (1, 2, 4, 7, 11, 16, 22, 29, 37, 60, 100, 10_000),
    "postgresql": (1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 66, 80, 10_000),
}
DYING = f"""
import os, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from sqlalchemy import event
from sqlalchemy.engine import Engine
from store.engine import open_store
from store.schema import upgrade
for number, url in zip(sys.argv[1::2], sys.argv[2::2]):
    child = os.fork()
    if not child:
        left = int(number)
        @event.listens_for(Engine, "before_cursor_execute")
        def count(*_):
            global left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        upgrade(open_store(url), first_ticket=7)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@contextmanager
def store_without_tables(kind: str, directory: Path) -> Iterator[str]:
    if kind == "sqlite":
        directory.mkdir()
        yield f"sqlite:///{directory}/tickets.db"
    else:
        with postgres.database(template="template0") as url:
            yield url

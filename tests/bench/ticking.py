"""Row 10: the clock's steps of 1,000 tickets, in a store of a million and in one of ten thousand.

Both stores grow out of one real ticket, whose rows SQL repeats: tickets, people, history, clocks
and mails that were sent. Every other ticket has its next step in some months. The 1,000 that are
due lie all over the store, 100 for each of 10 units; after each round they are due again.
"""

import logging
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import structlog
from bench.figures import Figure, bound_figure, ratio_figure
from bench.plan import Plan
from postgres import database, programs
from sqlalchemy import Connection, Table, text
from stage import Stage

from gateway.desk import Desk
from gateway.ticket_clock import tick_tickets
from store.clock_tables import timing
from store.engine import open_store
from store.tables import event, outbox, participant, ticket

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)  # a Monday
DUE, UNITS, SMALL = 1000, 10, 10_000
HELD_MS, WAITED_MS = 250, 250
PAUSE_S = 0.01
_CAME, _DUE_AT = "'2026-02-24T10:00:00.000000Z'", "'2026-02-27T16:00:00.000000Z'"  # 30 h of work
_LATER = (
    "'2026-' || (10 + n % 3) || '-' || (10 + n % 19) || 'T' || (10 + n % 14) || ':00:00.000000Z'"
)
_UNIT = f"'ROC-' || ((n / {{step}}) % {UNITS})"
_AT_UNIT = f"'roc-' || ((n / {{step}}) % {UNITS}) || '@roc.example'"
_TICKET = "old.ticket + n"
# Table -> how a column of a copy follows from n; the others are repeated.
COPIED: Mapping[Table, Mapping[str, str]] = {
    ticket: {"number": "old.number + n", "support_unit": _UNIT},
    event: {"ticket": _TICKET},
    participant: {
        "ticket": _TICKET,
        "id": "old.id + n * 10",
        "address": f"CASE old.role WHEN 'supporter' THEN {_AT_UNIT} ELSE old.address END",
    },
    outbox: {
        "ticket": _TICKET,
        "id": "old.id + n * 10",
        "values": "old.in_reply_to",  # an empty list: what they said is long, and read by nobody
        "message_id": "'<' || old.id || '.' || n || '@helpdesk.example>'",
    },
    timing: {
        "ticket": _TICKET,
        "unit": _UNIT,
        "unit_since": _CAME,
        "status_since": _CAME,
        "base": _CAME,
        "due_at": f"CASE WHEN n % {{step}} = 0 THEN {_DUE_AT} WHEN n % 2 = 0 THEN NULL"
        f" ELSE {_LATER} END",
        "due_for": _UNIT,
    },
}
_REPEAT = (
    "INSERT INTO {table} ({names}) WITH RECURSIVE number(n) AS"
    " (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {all})"
    " SELECT {values} FROM number CROSS JOIN {table} AS old WHERE old.{key} = 100001"
)
_AGAIN = text(
    f"UPDATE timing SET steps = 0, base = {_CAME}, due_at = {_DUE_AT} WHERE steps = 1"
)  # fmt: skip
_DONE = text("SELECT count(*) FROM timing WHERE steps = 1")
_MAIL = b"""From: anna@physics.example\r\nMessage-ID: <1@physics.example>\r\nSubject: Trouble\r
\r\nSite: SITE-0\r\n\r\nIt does not work.\r\n"""


def world() -> str:
    """Return a configuration with the units, and working time as it is built in."""
    parts = [
        '[helpdesk]\ndomain = "helpdesk.example"\nfirst_ticket = 100001\nfirst_line = "TPM"',
        'secret = { env = "TICKETGATE_TEST_SECRET" }\n[smtp]\nlisten = "127.0.0.1:0"',
        'submission_networks = ["127.0.0.1/32"]\n[store]\nurl = "sqlite:///tickets.db"',
        '[relay]\nurl = "maildir:outgoing"\n[[unit]]\nname = "TPM"\naddress = "tpm@unit.example"',
    ]
    for one in range(UNITS):
        parts += [f'[[roc]]\nname = "ROC-{one}"\naddress = "roc-{one}@roc.example"']
    parts += ['[[site]]\nname = "SITE-0"\nroc = "ROC-0"\ncontact = "grid@site.example"\n']
    return "\n".join(parts)


@contextmanager
def clocked(place: Path, tickets: int, url: str = "") -> Iterator[Stage]:
    """Give a helpdesk with so many tickets, of which `DUE` are due; in files, or at `url`."""
    place.mkdir(parents=True, exist_ok=True)
    path = place / "world.toml"
    path.write_text(world())
    stage = Stage(place, path, NOW, url)
    stage.keep(_MAIL, stage.envelope(_MAIL, ["support@helpdesk.example"], "", "127.0.0.1"))
    stage.work()
    fill(stage, tickets)
    yield stage
    stage.close()


def fill(stage: Stage, tickets: int) -> None:
    """Repeat the rows of the first ticket."""
    with stage.store.writing() as conn:
        for table, columns in COPIED.items():
            _repeat(conn, table, columns, tickets)
        for table, key in ((ticket, "number"), (participant, "id"), (outbox, "id")):
            newest = f"(SELECT max({key}) FROM {table.name})"
            conn.execute(
                text(f"UPDATE sequence SET next = 1 + {newest} WHERE name = '{table.name}'")
            )
        if stage.store.shared:
            conn.execute(text("ANALYZE"))  # as the server does by itself after a minute
    if not stage.store.shared:
        with stage.store.desk.connect() as conn:
            conn.exec_driver_sql("COMMIT")
            conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            conn.exec_driver_sql("BEGIN")
    os.sync()  # or the kernel writes for minutes while we measure


def _repeat(conn: Connection, table: Table, columns: Mapping[str, str], tickets: int) -> None:
    words = {"step": max(tickets // DUE, 1)}
    names = [column.name for column in table.c]
    values = [columns.get(name, f'old."{name}"').format(**words) for name in names]
    key = "number" if table is ticket else "ticket"
    quoted = ", ".join(f'"{name}"' for name in names)
    made = _REPEAT.format(
        table=table.name, names=quoted, values=", ".join(values), all=tickets, key=key
    )
    conn.execute(text(made.replace(":", r"\:")))


def ticked(stage: Stage) -> float:
    """Let the clock do what is due; return steps a second. Fails unless it was all of it."""
    with stage.store.writing() as conn:
        conn.execute(_AGAIN)
    begun = time.perf_counter()
    while tick_tickets(stage.desk):
        pass
    seconds = time.perf_counter() - begun
    with stage.store.reading() as conn:
        done = conn.execute(_DONE).scalar_one()
    assert done == DUE, f"{done} of {DUE} steps were done"
    return DUE / seconds


def idle(stage: Stage) -> float:
    """Return looks a second that find nothing."""
    begun = time.perf_counter()
    for _ in range(200):
        assert tick_tickets(stage.desk) == 0
    return 200 / (time.perf_counter() - begun)


def held_ms(stage: Stage) -> list[float]:
    """Return how long each unit's steps held the desk, in one round."""
    held: list[float] = []
    real = stage.desk
    timed = _Timed(real, held)
    with stage.store.writing() as conn:
        conn.execute(_AGAIN)
    while tick_tickets(timed):  # type: ignore[arg-type] # it has what a tick asks of a desk
        pass
    return held


class _Timed:
    """A desk that notes how long each request took."""

    def __init__(self, desk: Desk, held: list[float]) -> None:
        self.store, self.clock = desk.store, desk.clock
        self._desk, self._held = desk, held

    def do(self, *words: object, **more: object) -> tuple[int, ...]:
        """Do it, by the clock of the machine."""
        begun = time.perf_counter()
        found = self._desk.do(*words, **more)  # type: ignore[arg-type] # handed on as they are
        self._held.append((time.perf_counter() - begun) * 1000)
        return found


def waited_ms(stage: Stage) -> list[float]:
    """Return how long another process waited for its turns to write, while all steps were done."""
    stop, begun, waits = (multiprocessing.Event(), multiprocessing.Event(), multiprocessing.Queue())  # type: ignore[var-annotated] # of floats
    other = multiprocessing.Process(
        target=_write_often, args=(stage.store.url, begun, stop, waits), daemon=True
    )
    other.start()
    begun.wait(30)
    ticked(stage)
    stop.set()
    found: list[float] = waits.get(timeout=30)
    other.join()
    return found


def _write_often(url: str, begun: object, stop: object, waits: object) -> None:
    store = open_store(url)
    found = []
    while not stop.is_set():  # type: ignore[attr-defined] # a multiprocessing.Event
        asked = time.perf_counter()
        with store.writing():
            found.append((time.perf_counter() - asked) * 1000)
        begun.set()  # type: ignore[attr-defined] # the same
        time.sleep(PAUSE_S)  # between two mails
    waits.put(found)  # type: ignore[attr-defined] # a queue


def run(plan: Plan) -> list[Figure]:
    """Compare a store of a million with one of ten thousand, in turn."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    few = min(SMALL, plan.tickets)
    place = plan.place
    with clocked(place / "many", plan.tickets) as many, clocked(place / "few", few) as other:
        figures = _figures(plan, "SQLite", many, other, few)
    if programs() is None:
        return figures
    with (
        database() as url,
        database() as other_url,
        clocked(place / "pg-many", plan.tickets, url) as many,
        clocked(place / "pg-few", few, other_url) as other,
    ):
        return figures + _figures(plan, "PostgreSQL", many, other, few)


def _figures(plan: Plan, where: str, many: Stage, few: Stage, tickets: int) -> list[Figure]:
    for one in (many, few):
        ticked(one)  # the first one finds everything cold
    compared: tuple[tuple[str, float | None, Callable[[Stage], float]], ...] = (
        (f"steps of {DUE:,} due tickets", 0.5, ticked),
        ("looks that find nothing", None, idle),
    )
    figures = [
        ratio_figure(
            "10",
            f"{where}: {what}, of {plan.tickets:,} / of {tickets:,}",
            reach,
            plan.rounds,
            ours=partial(measure, many),
            theirs=partial(measure, few),
            unit="/s",
        )
        for what, reach, measure in compared
    ]
    if many.store.shared:
        return figures  # nobody waits for it
    held = [max(held_ms(many)) for _ in range(plan.rounds)]
    waited = [max(waited_ms(many)) for _ in range(plan.rounds)]
    name = f"{where}: the steps of {DUE // UNITS} tickets hold the desk, the longest of {UNITS}"
    return [
        *figures,
        bound_figure("10", name, held, HELD_MS, "ms"),
        bound_figure("10", "the longest that a writer beside it waited", waited, WAITED_MS, "ms"),
    ]

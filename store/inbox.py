"""The inbox: which mails wait, who works on them, and what became of them.

A mail is pulled from the journal once, claimed by a slot of `work`, and leaves by `commit.write`,
`give_back` or `park`. The attempt counter rises before the attempt, so that a mail that kills its
worker is counted. A mail that failed once is tried alone; after three lone failures it is parked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, case, func, insert, or_, select, update
from sqlalchemy.engine import CursorResult

from router.addresses import LANE_ALARM, LANE_REPLY, LANE_REST
from store.counters import count
from store.engine import Store, repeated
from store.health import still_here
from store.journal import deliveries_after
from store.journal_shared import inbox_row
from store.tables import inbox, reminder, role_health

LANES = (LANE_ALARM, LANE_REPLY, LANE_REST)
LONE_ATTEMPTS = 3
MAX_BATCH = 16  # with 64 a mail costs a third less, but an alarm waits half a second longer
MAX_BATCH_BYTES = 1_000_000
PULL_LIMIT = 1_000
GONE_AFTER = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A claimed mail. `alone` counts the attempts in which it was the only one."""

    mail: int
    lane: int
    size: int
    sha256: str
    message_id: str
    content: str
    received_at: datetime
    attempts: int
    alone: int


def pull(store: Store) -> int:
    """Bring mails that the doors have kept since the last time into the inbox; return how many.

    SQLite's journal has one writer, so its ids are committed in order and the highest one known is
    where to go on. An empty journal is legal. On PostgreSQL, where many write, nothing is left to
    do: `journal.keep` has put the mail here in its own transaction.
    """
    if store.shared:
        return 0
    with store.reading() as conn:
        last = conn.execute(select(func.max(inbox.c.mail))).scalar() or 0
    rows = [
        inbox_row(one.id, one.envelope.received_at, one, size=one.size)
        for one in deliveries_after(store, last, PULL_LIMIT)
    ]
    if not rows:
        return 0
    with store.writing() as conn:
        last = conn.execute(select(func.max(inbox.c.mail))).scalar() or 0
        new = [row for row in rows if row["mail"] > last]
        if new:
            conn.execute(insert(inbox), new)
    return len(new)


def claim(
    store: Store, *, by: str, now: datetime, lanes: Sequence[int] = LANES, limit: int | None = None
) -> tuple[list[Waiting], list[Waiting]]:
    """Claim what waits, by (lane, id): return the mails to work on, and mails now parked.

    Only of these lanes, and at most `limit` of them.

    The operator hears of parked ones by a step of the clock, kept in the same transaction.

    Mails never tried come in a batch of at most 16 mails and 1 MB (a bigger mail alone); a mail
    tried before comes alone. Several may claim at once: on PostgreSQL rows in another's hands are
    passed over, and on both the condition of the UPDATE decides who has a mail.
    """
    most = MAX_BATCH if limit is None else min(limit, MAX_BATCH)
    return repeated(lambda: _claim(store, by, now, lanes, most))


def _claim(
    store: Store, by: str, now: datetime, lanes: Sequence[int], most: int
) -> tuple[list[Waiting], list[Waiting]]:
    with store.writing() as conn:
        found = _due(conn, now, lanes, most)
        if not found:
            return [], []
        spent = [one for one in found if one.alone >= LONE_ATTEMPTS]
        if spent:
            park(conn, [one.mail for one in spent], now)
            names = ", ".join(str(one.mail) for one in spent)
            conn.execute(insert(reminder).values(ticket=0, step="parked", detail=names, due_at=now))
        fresh = [one for one in found if one.alone < LONE_ATTEMPTS]
        batch = _batch(fresh)
        alone = len(batch) == 1
        taken = conn.execute(
            update(inbox)
            .where(
                inbox.c.mail.in_([one.mail for one in batch]),
                inbox.c.state == "kept",
                inbox.c.claimed_by.is_(None),
            )
            .values(
                claimed_by=by,
                attempts=inbox.c.attempts + 1,
                alone=inbox.c.alone + (1 if alone else 0),
            )
            .returning(inbox.c.mail)
        )
        ours = set(taken.scalars())
        if store.shared:
            still_here(conn, by, now)
    return [one for one in batch if one.mail in ours], spent


def give_back(
    store: Store, mails: Iterable[int], *, by: str, not_before: datetime, counted: bool = False
) -> None:
    """Return claimed mails, to be taken again from `not_before` on.

    Unless `counted`, the attempt does not count: it was our fault, or the mail has to wait.
    """
    off = 0 if counted else 1
    lone = case((inbox.c.alone > 0, inbox.c.alone - off), else_=0)
    with store.writing() as conn:
        conn.execute(
            update(inbox)
            .where(inbox.c.mail.in_(list(mails)), inbox.c.claimed_by == by)
            .values(
                claimed_by=None,
                not_before=not_before,
                attempts=inbox.c.attempts - off,
                alone=lone,
            )
        )


def take_back(store: Store, *, by: str) -> int:
    """Free the claims of a slot that starts again; return how many. Its attempts stay counted."""
    with store.writing() as conn:
        statement = (
            update(inbox)
            .where(inbox.c.claimed_by == by, inbox.c.state == "kept")
            .values(claimed_by=None)
        )
        return _rows(conn.execute(statement))


def take_all_back(store: Store, daemon: str = "") -> int:
    """Free every claim of a daemon; only for its supervisor, before any worker of it runs.

    `daemon` is what the names of its slots end in; "" means that there is no other daemon.
    """
    with store.writing() as conn:
        held = [inbox.c.state == "kept", inbox.c.claimed_by.is_not(None)]
        if daemon:
            held.append(inbox.c.claimed_by.endswith(daemon, autoescape=True))
        statement = update(inbox).where(*held).values(claimed_by=None)
        return _rows(conn.execute(statement))


def take_from_the_gone(store: Store, now: datetime) -> int:
    """Free the claims of slots that have not been heard of for two minutes; return how many.

    For a store with several daemons: one that is gone for good starts nothing again. A slot that
    only slept finds out when it writes, because its claim is a condition there.
    """
    with store.reading() as conn:  # the usual case locks nothing
        holders = select(inbox.c.claimed_by).where(
            inbox.c.state == "kept", inbox.c.claimed_by.is_not(None)
        )
        holding = set(conn.execute(holders.distinct()).scalars())
        heard = select(role_health.c.name).where(
            role_health.c.name.in_(holding), role_health.c.at > now - GONE_AFTER
        )
        gone = holding - set(conn.execute(heard).scalars()) if holding else set()
    return sum(take_back(store, by=name) for name in sorted(gone))


def park(conn: Connection, mails: Sequence[int], now: datetime) -> None:
    """Set mails aside as broken, for a person to look at; `replay` takes them back."""
    conn.execute(
        update(inbox)
        .where(inbox.c.mail.in_(mails), inbox.c.state == "kept")
        .values(state="broken", outcome="broken", done_at=now, claimed_by=None)
    )
    count(conn, {"outcome.broken": len(mails)})


def replay(store: Store, mail: int | None) -> int:
    """Take a broken mail (or with None every one) back into the inbox; return how many."""
    with store.writing() as conn:
        statement = update(inbox).where(inbox.c.state == "broken")
        if mail is not None:
            statement = statement.where(inbox.c.mail == mail)
        taken = _rows(
            conn.execute(
                statement.values(
                    state="kept",
                    outcome=None,
                    done_at=None,
                    attempts=0,
                    alone=0,
                    not_before=None,
                )
            )
        )
        count(conn, {"replayed": taken})
    return taken


def _due(
    conn: Connection, now: datetime, lanes: Sequence[int] = LANES, most: int = MAX_BATCH
) -> list[Waiting]:
    columns = [inbox.c[name] for name in Waiting.__slots__]
    query = (
        select(*columns)
        .where(
            inbox.c.state == "kept",
            inbox.c.claimed_by.is_(None),
            *((inbox.c.lane.in_(lanes),) if tuple(lanes) != LANES else ()),
            or_(inbox.c.not_before.is_(None), inbox.c.not_before <= now),
        )
        .order_by(inbox.c.lane, inbox.c.mail)
        .limit(most)
        .with_for_update(skip_locked=True)  # SQLite knows no row locks and leaves the words out
    )
    return [Waiting(*row) for row in conn.execute(query)]


def _batch(found: Sequence[Waiting]) -> list[Waiting]:
    batch: list[Waiting] = []
    size = 0
    for one in found:
        tried = one.attempts > 0
        if batch and (tried or size + one.size > MAX_BATCH_BYTES):
            break
        batch.append(one)
        size += one.size
        if tried:
            break
    return batch


def _rows(result: object) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0

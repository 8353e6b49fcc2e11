"""The outbox: rows taken by a courier, and where each of them goes next.

States (store.tables): waiting -> claimed -> sent | waiting | failed, and failed -> waiting by an
operator. Every move is a conditional UPDATE and answers whether the row was still ours: a courier
that overslept its claim learns so here. The attempt counter rises with the claim, before anything
is tried, so that a row which kills its courier is seen to do so.
This file never renders and never sends.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, case, func, literal, select, update

from router.addresses import LANE_ALARM, LANE_REPLY, LANE_REST
from router.words import Audience, MailKind
from store.columns import UtcTime
from store.tables import outbox

Move = Callable[[Connection], bool]  # what becomes of a claimed row, to be run in a transaction
LANES = (LANE_ALARM, LANE_REPLY, LANE_REST)
ERROR_CHARS = 500
LONE_ATTEMPTS = 3  # a row found claimed more often than this after a crash lets others go first
CRASH_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One outgoing mail as it was decided; everything that its bytes are made of.

    `ticket` 0 is a mail about no ticket. Tokens are "" for none; without `bounce_token` the
    envelope sender is null. `attachments_of` is a delivery, 0 for none. `attempts` counts this one.
    """

    id: int
    ticket: int
    event: int
    kind: MailKind
    audience: Audience
    recipient: str
    lane: int
    message_id: str
    date: datetime
    reply_token: str
    bounce_token: str
    in_reply_to: tuple[str, ...]
    attachments_of: int
    values: Mapping[str, Any]
    attempts: int
    due_at: datetime
    give_up_at: datetime
    claimed_by: str
    claimed_until: datetime


_COLUMNS = tuple(outbox.c[name] for name in OutboxRow.__dataclass_fields__)


def claim(
    conn: Connection,
    *,
    by: str,
    now: datetime,
    until: datetime,
    limit: int,
    lanes: Sequence[int] = LANES,
) -> list[OutboxRow]:
    """Take up to `limit` due rows of these lanes until `until`, lower lanes first, oldest first.

    Claims of others that have expired are open again. The list may be empty.
    """
    _reopen_expired(conn, now)
    rows: list[OutboxRow] = []
    for lane in sorted(lanes):
        due = (
            select(outbox.c.id)
            .where(outbox.c.state == "waiting", outbox.c.lane == lane, outbox.c.due_at <= now)
            .order_by(outbox.c.due_at, outbox.c.id)
            .limit(limit - len(rows))
        )
        rows += _take(conn, due, by, until)
        if len(rows) >= limit:
            break
    return rows


def claim_overdue(
    conn: Connection, *, by: str, now: datetime, until: datetime, limit: int
) -> list[OutboxRow]:
    """Take up to `limit` rows whose time to give up has come, to be failed without an attempt."""
    _reopen_expired(conn, now)
    overdue = (
        select(outbox.c.id)
        .where(outbox.c.state == "waiting", outbox.c.due_at <= now, outbox.c.give_up_at <= now)
        .order_by(outbox.c.lane, outbox.c.id)
        .limit(limit)
    )
    return _take(conn, overdue, by, until)


def sent(conn: Connection, row: OutboxRow, now: datetime, words: Sequence[str] = ()) -> bool:
    """Mark a row as taken by the relay; false when the claim was lost meanwhile.

    A lost claim is no error: the mail may go a second time, with the same Message-ID. `words` are
    the digests by which what was sent is known again.
    """
    return _leave(conn, row, state="sent", sent_at=now, last_error="", words=" ".join(words))


def postpone(
    conn: Connection, row: OutboxRow, due_at: datetime, error: str, *, counts: bool = True
) -> bool:
    """Let a row wait until `due_at` after an attempt that failed; false when the claim was lost.

    `counts` false takes the attempt back: it said nothing about this row.
    """
    attempts = row.attempts if counts else max(0, row.attempts - 1)
    error = error[:ERROR_CHARS]
    return _leave(conn, row, state="waiting", due_at=due_at, attempts=attempts, last_error=error)


def hand_back(conn: Connection, row: OutboxRow) -> bool:
    """Let go of a row that was never tried, as if it had not been claimed."""
    return _leave(conn, row, state="waiting", attempts=max(0, row.attempts - 1))


def failed(conn: Connection, row: OutboxRow, error: str) -> bool:
    """Give a row up; it stays visible. False when the claim was lost meanwhile.

    The row itself says what a notice needs: ticket, recipient and kind.
    """
    return _leave(conn, row, state="failed", last_error=error[:ERROR_CHARS])


def retry(conn: Connection, row_id: int, *, now: datetime, give_up_at: datetime) -> bool:
    """Send a failed row again, for an operator; false when it is not in the state `failed`."""
    moved = conn.execute(
        update(outbox)
        .where(outbox.c.id == row_id, outbox.c.state == "failed")
        .values(state="waiting", due_at=now, give_up_at=give_up_at, attempts=0, last_error="")
    )
    return bool(moved.rowcount == 1)


def release_claims(conn: Connection, by: str, now: datetime) -> int:
    """Take back the claims of a courier of this name that is no more; returns how many.

    A row that was claimed at several crashes is the likely cause and waits a little.
    """
    again = case(
        (outbox.c.attempts >= LONE_ATTEMPTS, literal(now + CRASH_PAUSE, UtcTime())),
        else_=outbox.c.due_at,
    )
    moved = conn.execute(
        update(outbox)
        .where(outbox.c.state == "claimed", outbox.c.claimed_by == by)
        .values(state="waiting", claimed_by=None, claimed_until=None, due_at=again)
    )
    return int(moved.rowcount)


def next_due(conn: Connection, lanes: Sequence[int] = LANES) -> datetime | None:
    """Return when the next row of these lanes falls due or the next claim expires; None if never.

    A time in the past means that there is something to do.
    """
    times = [_first_due(conn, lane) for lane in lanes]
    times.append(
        conn.execute(
            select(func.min(outbox.c.claimed_until)).where(outbox.c.state == "claimed")
        ).scalar()
    )
    return min((time for time in times if time is not None), default=None)


def _first_due(conn: Connection, lane: int) -> datetime | None:
    """Read one index entry; lanes one by one, so that no range is walked."""
    return conn.execute(
        select(func.min(outbox.c.due_at)).where(outbox.c.state == "waiting", outbox.c.lane == lane)
    ).scalar()


def _reopen_expired(conn: Connection, now: datetime) -> None:
    conn.execute(
        update(outbox)
        .where(outbox.c.state == "claimed", outbox.c.claimed_until <= now)
        .values(state="waiting", claimed_by=None, claimed_until=None)
    )


def _take(
    conn: Connection, wanted: Select[tuple[int]], by: str, until: datetime
) -> list[OutboxRow]:
    # Locked ahead, once (a CTE that locks is never run twice); SQLite knows no row locks and
    # leaves the words out. The condition on the state decides, on both.
    free = wanted.with_for_update(skip_locked=True).cte("free")
    taken = conn.execute(
        update(outbox)
        .where(outbox.c.id.in_(select(free.c.id)), outbox.c.state == "waiting")
        .values(state="claimed", claimed_by=by, claimed_until=until, attempts=outbox.c.attempts + 1)
        .returning(*_COLUMNS)
    )
    rows = [_row(dict(found)) for found in taken.mappings()]
    return sorted(rows, key=lambda row: (row.lane, row.due_at, row.id))


def _leave(conn: Connection, row: OutboxRow, **values: Any) -> bool:
    """Move a row out of `claimed`, if the claim is still the one that `row` was read under."""
    moved = conn.execute(
        update(outbox)
        .where(
            outbox.c.id == row.id,
            outbox.c.state == "claimed",
            outbox.c.claimed_by == row.claimed_by,
            outbox.c.claimed_until == row.claimed_until,
        )
        .values(claimed_by=None, claimed_until=None, **values)
    )
    return bool(moved.rowcount == 1)


def _row(found: dict[str, Any]) -> OutboxRow:
    return OutboxRow(
        **{
            **found,
            "kind": MailKind(found["kind"]),
            "audience": Audience(found["audience"]),
            "in_reply_to": tuple(found["in_reply_to"]),
        }
    )

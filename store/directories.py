"""What the directories said: the last good copy of each, and how the last attempt ended.

Rule: a copy is replaced as a whole, in the transaction that says so and raises its version; whoever
keeps a copy in memory compares versions. One daemon of several reads a directory at a time: who
moves `claimed_until` does, and writes only while that claim is still the one in the row.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, or_, select, update
from sqlalchemy.engine import RowMapping

from parsers.directory import Answer
from router.directories import Changes, Said
from store.directory_rows import answer_of, rows_of
from store.tables import directory, directory_entry
from store.upsert import upsert

MAX_DETAIL = 1_000
CLAIM = timedelta(minutes=30)
JUST_TRIED = timedelta(minutes=10)
KEEP_UNREAD = timedelta(days=30)
PAGE = 500


@dataclass(frozen=True, slots=True)
class DirectoryState:
    """How a directory is. `said` is None until it was read; `told` are the troubles told of.

    `good_at` is the age of the copy that is kept, `since` when it began to say what it says.
    """

    name: str
    said: Said | None
    detail: str
    changes: str
    notes: tuple[str, ...]
    since: datetime | None
    tried_at: datetime | None
    good_at: datetime | None
    told: tuple[Said, ...]
    version: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """Who reads a directory, and until when nobody else does."""

    name: str
    by: str
    until: datetime


def read_states(conn: Connection) -> dict[str, DirectoryState]:
    """Return the state of every directory by its name, also of those no longer configured."""
    rows = conn.execute(select(directory).order_by(directory.c.name)).mappings()
    return {row["name"]: _state(row) for row in rows}


def read_versions(conn: Connection) -> dict[str, int]:
    """Return the version of each copy; cheap, to be asked every few seconds."""
    rows = conn.execute(select(directory.c.name, directory.c.version)).all()
    return {row.name: row.version for row in rows}


def read_copy(conn: Connection, name: str) -> Answer:
    """Return the copy that is kept of a directory; empty when there is none."""
    columns = (directory_entry.c.kind, directory_entry.c.value, directory_entry.c.changed_at)
    query = select(*columns).where(directory_entry.c.directory == name)
    rows = conn.execute(query.order_by(directory_entry.c.kind, directory_entry.c.key)).all()
    return answer_of(((kind, value, changed) for kind, value, changed in rows), name)


def expect(conn: Connection, names: Iterable[str], now: datetime) -> None:
    """Let new directories be due at once; those that are known stay as they are."""
    rows = [{"name": name, "due_at": now, "told": [], "notes": []} for name in names]
    if rows:
        conn.execute(upsert(conn, directory).on_conflict_do_nothing(), rows)


def next_due(conn: Connection, names: Iterable[str], now: datetime) -> str | None:
    """Return the directory among these that has been due for longest and that nobody reads."""
    query = (
        select(directory.c.name)
        .where(directory.c.name.in_(list(names)), directory.c.due_at <= now, _free(now))
        .order_by(directory.c.due_at)
        .limit(1)
    )
    return conn.execute(query).scalar()


def claim(conn: Connection, name: str, by: str, now: datetime, *, due: bool) -> Claim | None:
    """Take a directory for reading; None when somebody else reads it, or (`due`) it is not due."""
    mine = update(directory).where(directory.c.name == name, _free(now))
    if due:
        mine = mine.where(directory.c.due_at <= now)
    taken = Claim(name, by[:80], now + CLAIM)
    values = {"claimed_by": taken.by, "claimed_until": taken.until}
    return taken if conn.execute(mine.values(values)).rowcount == 1 else None


def holds(conn: Connection, taken: Claim) -> bool:
    """Whether a claim is still in force; then nobody takes it in this transaction."""
    row = select(directory.c.name).where(_is_of(taken)).with_for_update()
    return conn.execute(row).first() is not None


def let_go(conn: Connection, taken: Claim) -> None:
    """Give a directory back that was not read; it is as due as it was."""
    conn.execute(update(directory).where(_is_of(taken)).values(claimed_by=None, claimed_until=None))


def read_all_again(conn: Connection, names: Iterable[str], now: datetime) -> None:
    """Let these be due now, but for those that were tried within some minutes."""
    old = or_(directory.c.tried_at.is_(None), directory.c.tried_at < now - JUST_TRIED)
    mine = and_(directory.c.name.in_(list(names)), old, directory.c.due_at > now)
    conn.execute(update(directory).where(mine).values(due_at=now))


def forget_unread(conn: Connection, names: Iterable[str], now: datetime) -> list[str]:
    """Delete what is kept of directories other than these that nobody has read for a month.

    One that was taken out of the configuration by mistake has its copy until then.
    """
    here = directory.c
    old = and_(here.name.not_in(list(names)), here.due_at < now - KEEP_UNREAD, _free(now))
    gone = list(conn.execute(select(here.name).where(old)).scalars())
    if gone:
        conn.execute(delete(directory_entry).where(directory_entry.c.directory.in_(gone)))
        conn.execute(delete(directory).where(here.name.in_(gone)))
    return gone


def write_copy(conn: Connection, name: str, answer: Answer, now: datetime) -> Changes:
    """Replace the kept copy, writing only what is different; return what was."""
    new = rows_of(answer)
    query = select(directory_entry.c.kind, directory_entry.c.key, directory_entry.c.value)
    kept = conn.execute(query.where(directory_entry.c.directory == name)).all()
    old = {(kind, key): value for kind, key, value in kept}
    gone = [place for place in old if place not in new]
    added = [place for place in new if place not in old]
    changed = [place for place in new if place in old and old[place] != new[place]]
    for kind, key in gone:
        conn.execute(delete(directory_entry).where(_is(name, kind, key)))
    for kind, key in changed:
        values = {"value": new[kind, key], "changed_at": now}
        conn.execute(update(directory_entry).where(_is(name, kind, key)).values(values))
    rows = [
        {
            "directory": name,
            "kind": kind,
            "key": key,
            "value": new[kind, key],
            "since": now,
            "changed_at": now,
        }
        for kind, key in added
    ]
    for start in range(0, len(rows), PAGE):
        conn.execute(insert(directory_entry), rows[start : start + PAGE])
    return Changes(len(added), len(gone), len(changed))


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt to read a directory ended."""

    said: Said
    detail: str = ""
    notes: tuple[str, ...] = ()
    changes: Changes = field(default_factory=Changes)


def finish(
    conn: Connection,
    before: DirectoryState,
    attempt: Attempt,
    *,
    told: Iterable[Said],
    now: datetime,
    due_at: datetime,
) -> None:
    """Write how an attempt ended and let the directory go; a good one is of `now`."""
    good = attempt.said is Said.OK
    values: dict[str, Any] = {
        "said": str(attempt.said),
        "detail": attempt.detail[:MAX_DETAIL],
        "notes": list(attempt.notes),
        "since": before.since if before.said is attempt.said else now,
        "tried_at": now,
        "told": [str(one) for one in told],
        "due_at": due_at,
        "claimed_by": None,
        "claimed_until": None,
    }
    if good:
        values |= {"good_at": now, "changes": str(attempt.changes)}
        if attempt.changes.any or before.good_at is None:
            values["version"] = before.version + 1
    conn.execute(update(directory).where(directory.c.name == before.name).values(values))


def _free(now: datetime) -> Any:
    return or_(directory.c.claimed_until.is_(None), directory.c.claimed_until <= now)


def _is_of(taken: Claim) -> Any:
    mine = (directory.c.claimed_by == taken.by, directory.c.claimed_until == taken.until)
    return and_(directory.c.name == taken.name, *mine)


def _is(name: str, kind: str, key: str) -> Any:
    entry = directory_entry.c
    return and_(entry.directory == name, entry.kind == kind, entry.key == key)


def _state(row: RowMapping) -> DirectoryState:
    return DirectoryState(
        name=row["name"],
        said=Said(row["said"]) if row["said"] else None,
        detail=row["detail"],
        changes=row["changes"],
        notes=tuple(row["notes"]),
        since=row["since"],
        tried_at=row["tried_at"],
        good_at=row["good_at"],
        told=tuple(Said(one) for one in row["told"]),
        version=row["version"],
        due_at=row["due_at"],
    )

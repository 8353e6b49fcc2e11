"""Health: what doors and roles say of themselves, so that `/readyz` can show it from any process.

Rule: whoever runs says so again and again, in the file that it writes anyway; a row that nobody
renews is as good as a failing one. Nothing here judges; it is never on the way of a mail.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Table, and_, case, literal, select

from store.columns import UtcTime
from store.engine import Store
from store.journal_tables import door_health
from store.tables import role_health
from store.upsert import upsert

DETAIL_CHARS = 300
SILENT_AFTER = timedelta(seconds=60)
_STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Health:
    """What a door or a slot said last. `detail` is "" when it is well.

    `since` is when it began to be so, or another process took its place, or it spoke again after
    it had been silent; `at` when it was said last. Once it is `stopped`, `detail` says why it does
    not start again.
    """

    name: str
    detail: str
    since: datetime
    at: datetime
    stopped: bool = False

    @property
    def failing(self) -> bool:
        """Whether it said that something is wrong."""
        return bool(self.detail) and not self.stopped


def say_of_door(
    store: Store, name: str, detail: str, now: datetime, born: datetime | None = None
) -> None:
    """Write what a door says of itself; raises Deferred when the store cannot write.

    `born` is when the process began that speaks: it is not well since before.
    """
    with store.journal_writing() as conn:
        _say(conn, door_health, (name, detail, now), born)


def say_of_role(
    store: Store, name: str, detail: str, now: datetime, born: datetime | None = None
) -> None:
    """Write what a slot says of itself (not of doors); raises Deferred like all writing."""
    with store.writing() as conn:
        _say(conn, role_health, (name, detail, now), born)


def say_stopped(
    store: Store, doors: Iterable[str], roles: Iterable[str], why: str, now: datetime
) -> None:
    """Write of doors and slots that they were stopped, and `why` they do not start, "" for nothing.

    Whoever stops again, in vain started, is stopped since the first time.
    """
    with store.journal_writing() as conn:
        for name in doors:
            _stop(conn, door_health, name, why, now)
    with store.writing() as conn:
        for name in roles:
            _stop(conn, role_health, name, why, now)


def still_here(conn: Connection, name: str, now: datetime) -> None:
    """Note that a slot of work was alive when it claimed, whatever else it says of itself."""
    new = upsert(conn, role_health)
    conn.execute(
        new.on_conflict_do_update(
            index_elements=["name"],
            set_={"at": new.excluded["at"]},
            where=role_health.c["at"] < new.excluded["at"],
        ).values(name=name, state="ok", detail="", since=now, at=now)
    )


def read_doors(store: Store) -> tuple[Health, ...]:
    """Return what doors said last, by name; raises Deferred when the journal cannot be read."""
    with store.journal_reading() as conn:
        return tuple(_read(conn, door_health))


def read_roles(store: Store) -> tuple[Health, ...]:
    """Return what slots said last, by name; raises Deferred when the desk cannot be read."""
    with store.reading() as conn:
        return tuple(_read(conn, role_health))


def _read(conn: Connection, table: Table) -> list[Health]:
    stopped = table.c.state == _STOPPED
    columns = (table.c.name, table.c.detail, table.c.since, table.c.at, stopped)
    return [Health(*row) for row in conn.execute(select(*columns).order_by(table.c.name))]


def _say(
    conn: Connection, table: Table, said: tuple[str, str, datetime], born: datetime | None
) -> None:
    name, detail, now = said
    state = "failing" if detail else "ok"
    same = [table.c.state == state, table.c["at"] > now - SILENT_AFTER]
    if born is not None:
        same.append(table.c.since.between(born, now))
    _write(conn, table, and_(*same), (name, state, detail, now))


def _stop(conn: Connection, table: Table, name: str, why: str, now: datetime) -> None:
    _write(conn, table, table.c.state == _STOPPED, (name, _STOPPED, why, now))


def _write(
    conn: Connection,
    table: Table,
    went_on: ColumnElement[bool],
    row: tuple[str, str, str, datetime],
) -> None:
    """Write a row; what `went_on` is so since the moment that was written before."""
    name, state, detail, now = row
    new = upsert(conn, table)
    began = case((went_on, table.c.since), else_=literal(now, UtcTime()))
    conn.execute(
        new.on_conflict_do_update(
            index_elements=["name"],
            set_={
                "state": state,
                "detail": new.excluded.detail,
                "since": began,
                "at": new.excluded["at"],
            },
        ).values(name=name, state=state, detail=detail[:DETAIL_CHARS], since=now, at=now)
    )

"""Health: what doors and roles say of themselves, so that `/readyz` can show it from any process.

Rule: whoever runs says so again and again, in the file that it writes anyway; a row that nobody
renews is as good as a failing one. Nothing here judges; it is never on the way of a mail.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Table, and_, case, literal, select

from store.columns import UtcTime
from store.engine import Store
from store.journal_tables import door_health
from store.tables import role_health
from store.upsert import upsert

DETAIL_CHARS = 300
SILENT_AFTER = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Health:
    """What a door or a slot said last. `detail` is "" when it is well.

    `since` is when it began to be so, or spoke again after it had been silent; `at` when it was
    said last.
    """

    name: str
    detail: str
    since: datetime
    at: datetime

    @property
    def failing(self) -> bool:
        """Whether it said that something is wrong."""
        return bool(self.detail)


def say_of_door(store: Store, name: str, detail: str, now: datetime) -> None:
    """Write what a door says of itself; raises Deferred when the store cannot write."""
    with store.journal_writing() as conn:
        _say(conn, door_health, name, detail, now)


def say_of_role(store: Store, name: str, detail: str, now: datetime) -> None:
    """Write what a slot says of itself (not of doors); raises Deferred like all writing."""
    with store.writing() as conn:
        _say(conn, role_health, name, detail, now)


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
    columns = (table.c.name, table.c.detail, table.c.since, table.c.at)
    return [Health(*row) for row in conn.execute(select(*columns).order_by(table.c.name))]


def _say(conn: Connection, table: Table, name: str, detail: str, now: datetime) -> None:
    state = "failing" if detail else "ok"
    new = upsert(conn, table)
    went_on = and_(table.c.state == state, table.c["at"] > now - SILENT_AFTER)
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

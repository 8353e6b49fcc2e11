"""Bringing the tables to the revision that this program knows.

Only `upgrade` writes; roles call `require_current` and refuse to work on another revision. An
upgrade that was killed is run again by the next start: each step is one transaction.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, insert, select, update

from parsers.errors import Refused
from store.engine import Store
from store.tables import DESK, JOURNAL, sequence

# group -> (its tables, where alembic writes the group's revision)
GROUPS = {
    "journal": (JOURNAL, "journal_revision"),
    "desk": (DESK, "desk_revision"),
}
SEQUENCES = ("ticket", "participant", "outbox")


def upgrade(store: Store, *, first_ticket: int) -> None:
    """Create or upgrade all tables; start numbering tickets at `first_ticket` or later."""
    for group in GROUPS:
        with _connection(store, group) as conn:
            command.upgrade(_config(group, conn), "head")
    with store.writing() as conn:
        known = dict(conn.execute(select(sequence.c.name, sequence.c.next)).all())
        for name in SEQUENCES:
            first = first_ticket if name == "ticket" else 1
            if name not in known:
                conn.execute(insert(sequence).values(name=name, next=first))
            elif known[name] < first:
                conn.execute(update(sequence).where(sequence.c.name == name).values(next=first))


def require_current(store: Store) -> None:
    """Refuse to work on tables of another revision; raises Refused with what to do."""
    for group, (_, version_table) in GROUPS.items():
        engine = store.journal if group == "journal" else store.desk
        with engine.connect() as conn:
            context = MigrationContext.configure(conn, opts={"version_table": version_table})
            found = context.get_current_revision()
        known = ScriptDirectory.from_config(_config(group, None)).get_current_head()
        if found != known:
            raise Refused(
                f"The store's {group} tables are of revision {found}, this program knows {known}; "
                "start `ticketgate serve` once, or use the program that made them."
            )


def metadata_of(group: str) -> tuple[MetaData, str]:
    """Return a group's tables and the name of its revision table; for the migrations."""
    return GROUPS[group]


def _config(group: str, conn: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", f"store:migrations/{group}")
    config.attributes["connection"] = conn
    config.attributes["group"] = group
    return config


@contextmanager
def _connection(store: Store, group: str) -> Iterator[Connection]:
    if group == "journal":
        with store.journal_writing() as conn:
            yield conn
    else:
        with store.writing() as conn:
            yield conn

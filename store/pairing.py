"""Whether the two files of a store on SQLite belong together, and nothing of either is lost.

The newest mail of the inbox must lie in the journal, as it is there: that finds a lost or older
journal, and one that went on without these tickets. Tickets without any mail are known by a number
that both files carry in their header (`user_version`), given before the first door opens: so a
crash before the first mail was pulled is none of this. Tickets of yesterday beside a journal of
today are whole: what is newer is pulled. Only `join` and `number_after` write.
"""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from parsers.errors import Refused
from store.engine import Store
from store.files import StoreFile, journal_path

IDENTITIES = 2**31  # SQLite's user_version is a signed number of 32 bits


class Loss(StrEnum):
    """What is wrong with two files."""

    TICKETS = "tickets"  # the journal has mails, and the tickets are new or another helpdesk's
    MAILS = "mails"  # the tickets name mails that the journal never had
    STRANGERS = "strangers"  # each has mails, and they are not the same


@dataclass(frozen=True, slots=True)
class Found:
    """A loss: `desk` is the file of the tickets, `mails` how many the journal has.

    `last` is the newest mail that the tickets know, 0 for none; `newest` that of the journal.
    """

    loss: Loss
    desk: Path
    mails: int
    last: int
    newest: int

    @property
    def sentence(self) -> str:
        """Return what is there, what is missing, and what to do."""
        return _SENTENCES[self.loss].format(
            desk=self.desk,
            journal=journal_path(self.desk),
            mails=f"{self.mails} mail{'' if self.mails == 1 else 's'}",
            last=self.last,
            newest=self.newest or "none",
            state="is not the one that worked on them" if self.desk.exists() else "is missing",
            others=_others(self.desk),
        )


_BACK = "stop here and put {} back, from a backup if need be (docs/install.md, Backup and restore)"
_SENTENCES = {
    Loss.TICKETS: (
        "{journal} holds {mails}, but {desk} {state}. A start would work on all of them again, "
        "alarms included. Correct [store] url{others}, or "
        + _BACK.format("tickets.db")
        + "; newer mails are then worked on by themselves. If it is gone for good: "
        "`ticketgate accept-loss`."
    ),
    Loss.MAILS: (
        "{desk} knows mails up to number {last}, but the newest in {journal} is {newest}: mails "
        "are lost, and new ones would get their numbers. Please "
        + _BACK.format("journal.db")
        + ". If it is gone for good: `ticketgate accept-loss`."
    ),
    Loss.STRANGERS: (
        "{desk} and {journal} do not belong together: mail {last} is another one in each. Please "
        + _BACK.format("both as they were together, tickets.db not newer than journal.db,")
        + "."
    ),
}


def find_loss(desk: Path) -> Found | None:
    """Compare the two files of a store, as they lie there, of whatever revision; None when whole.

    Raises Refused for what is no database, Deferred when a file cannot be read. Makes no file.
    """
    journal = journal_path(desk)
    if not journal.exists() and not desk.exists():
        return None
    with _open(desk) as tickets, _open(journal) as kept:
        last = _row(
            tickets, "SELECT mail, sha256, received_at FROM inbox ORDER BY mail DESC LIMIT 1"
        )
        newest = (_row(kept, "SELECT max(id) FROM delivery") or (None,))[0] or 0
        if last is None:
            if not newest or _may_be_ours(tickets, kept):
                return None
            loss = Loss.TICKETS
        else:
            mail = last[0]
            same = _row(kept, "SELECT id, sha256, received_at FROM delivery WHERE id = ?", mail)
            numbered = _row(kept, "SELECT seq FROM sqlite_sequence WHERE name = 'delivery'")
            if same == last or (same is None and numbered and numbered[0] >= mail):
                return None  # no mail is ever deleted, so its absence was accepted
            loss = Loss.STRANGERS if same else Loss.MAILS
        mails = (_row(kept, "SELECT count(*) FROM delivery") or (0,))[0]
    return Found(loss, desk, mails, last[0] if last else 0, newest)


def require_whole(store: Store) -> None:
    """Raise Refused when something of a store in files is lost; before anything is made."""
    if store.files and (found := find_loss(store.files[0].path)):
        raise Refused(found.sentence)


def join(store: Store) -> None:
    """Give both files of a store one number, if they have none yet; tables must be there."""
    if store.shared:
        return
    with store.journal_reading() as conn:
        journal = _number(conn)
    with store.reading() as conn:
        desk = _number(conn)
    number = journal or desk or 1 + secrets.randbelow(IDENTITIES - 1)
    if desk != number:  # the desk first: a journal with a number may have mails
        with store.writing() as conn:
            conn.exec_driver_sql(f"PRAGMA user_version = {number}")
    if journal != number:
        with store.journal_writing() as conn:
            conn.exec_driver_sql(f"PRAGMA user_version = {number}")


def number_after(store: Store, mail: int) -> None:
    """Let the journal go on numbering above a mail that it does not have."""
    with store.journal_writing() as conn:
        conn.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = 'delivery'")
        conn.exec_driver_sql("INSERT INTO sqlite_sequence VALUES ('delivery', ?)", (mail,))


def _may_be_ours(tickets: sqlite3.Connection | None, kept: sqlite3.Connection | None) -> bool:
    """Whether tickets without any mail are of the helpdesk that keeps this journal."""
    if _row(tickets, "SELECT 1 FROM desk_revision") is None:
        return False
    theirs = _row(kept, "PRAGMA user_version") or (0,)
    return theirs[0] == 0 or _row(tickets, "PRAGMA user_version") == theirs


def _number(conn: Connection) -> int:
    return int(conn.exec_driver_sql("PRAGMA user_version").scalar_one())


@contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection | None]:
    if not path.exists():
        yield None
        return
    with closing(StoreFile(path, make=False).connect()) as conn:
        try:
            conn.execute("SELECT 1 FROM sqlite_master").fetchone()
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
                raise
            raise Refused(f"[store] url: {path} is no SQLite database.") from error
        yield conn


def _row(conn: sqlite3.Connection | None, query: str, *values: object) -> tuple[Any, ...] | None:
    """Return the first row; None when there is none, no table for it, or no file."""
    if conn is None:
        return None
    row: tuple[Any, ...] | None = None
    with suppress(sqlite3.OperationalError):
        row = conn.execute(query, values).fetchone()
    return row


def _others(desk: Path) -> str:
    """Return which other databases lie beside it: the one that was meant, after a typo."""
    beside = [p.name for p in desk.parent.glob("*.db") if p not in {desk, journal_path(desk)}]
    return f" (beside it lies {', '.join(sorted(beside))})" if beside else ""

"""What the journal knows of IMAP mailboxes: how far each was read, and what became of its mails.

Rule: a mail is known by mailbox, UIDVALIDITY and UID, and by the digest of its bytes when the
server has renumbered the mailbox or a person has moved it back. Rows of `mailbox_mail` are:

    taken    `delivery` is set: its bytes are in the journal (written by `journal.keep`, or here for
             the same bytes under another UID)
    failing  no delivery, fewer than ATTEMPTS attempts: it is tried again
    parked   no delivery, ATTEMPTS attempts: it is not tried again; `detail` says why
    mark     no delivery, no attempt: mails up to this UID were there before we began (`since`)

Nothing here speaks with a server or reads a mail.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import func, select

from store.engine import Store
from store.journal_tables import mailbox, mailbox_mail
from store.origins import Origin
from store.upsert import upsert

ATTEMPTS = 3
MARK = "mails up to this one were there before"
DETAIL_CHARS = 500
KEYS_A_QUERY = 500  # SQLite takes some thousand parameters in a statement
_KEYS = ("mailbox", "uidvalidity", "uid")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Every mail of `uidvalidity` up to `uid` has been dealt with."""

    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True)
class Remembered:
    """What became of one mail. `delivery` is None when it was not taken."""

    uid: int
    delivery: int | None
    attempts: int
    detail: str

    @property
    def taken(self) -> bool:
        """Whether its bytes are in the journal."""
        return self.delivery is not None

    @property
    def parked(self) -> bool:
        """Whether it is not tried again."""
        return self.delivery is None and self.attempts >= ATTEMPTS


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a mailbox was when we began with it, and when that was."""

    cursor: Cursor
    at: datetime


def read_cursor(store: Store, name: str) -> Cursor | None:
    """Return how far a mailbox was read, None before the first time."""
    statement = select(mailbox.c.uidvalidity, mailbox.c.uid).where(mailbox.c.name == name)
    with store.journal_reading() as conn:
        row = conn.execute(statement).first()
    return None if row is None else Cursor(row.uidvalidity, row.uid)


def move_cursor(store: Store, name: str, cursor: Cursor, now: datetime) -> None:
    """Write how far a mailbox was read; raises Deferred when the store cannot write."""
    with store.journal_writing() as conn:
        new = upsert(conn, mailbox)
        values = {"uidvalidity": cursor.uidvalidity, "uid": cursor.uid, "read_at": now}
        statement = new.on_conflict_do_update(index_elements=["name"], set_=values)
        conn.execute(statement.values(name=name, **values))


def mark_beginning(store: Store, name: str, cursor: Cursor, now: datetime) -> None:
    """Write that the mails up to `cursor` were there before and are not ours to take."""
    origin = Origin(name, cursor.uidvalidity, cursor.uid)
    _write(store, [{**_place(origin), "sha256": "", "detail": MARK, "at": now}], ("at",))


def read_mark(store: Store, name: str) -> Mark | None:
    """Return the first mark of a mailbox, None when it has none."""
    columns = (mailbox_mail.c.uidvalidity, mailbox_mail.c.uid, mailbox_mail.c.at)
    statement = (
        select(*columns)
        .where(mailbox_mail.c.mailbox == name, mailbox_mail.c.sha256 == "")
        .where(mailbox_mail.c.detail == MARK)
        .order_by(mailbox_mail.c.at)
        .limit(1)
    )
    with store.journal_reading() as conn:
        row = conn.execute(statement).first()
    return None if row is None else Mark(Cursor(row.uidvalidity, row.uid), row.at)


def remembered(
    store: Store, name: str, uidvalidity: int, uids: Iterable[int]
) -> dict[int, Remembered]:
    """Return what became of these mails, by UID; those without a row are left out."""
    columns = [mailbox_mail.c[field] for field in ("uid", "delivery", "attempts", "detail")]
    whole = select(*columns).where(
        mailbox_mail.c.mailbox == name,
        mailbox_mail.c.uidvalidity == uidvalidity,
        mailbox_mail.c.detail != MARK,
    )
    found: dict[int, Remembered] = {}
    rest = iter(uids)
    with store.journal_reading() as conn:
        while some := list(islice(rest, KEYS_A_QUERY)):
            rows = conn.execute(whole.where(mailbox_mail.c.uid.in_(some)))
            found.update((row.uid, Remembered(*row)) for row in rows)
    return found


def taken_before(store: Store, name: str, digests: Sequence[str]) -> dict[str, int]:
    """Return the delivery of each of these mails (by sha256) that came from this mailbox before.

    At most KEYS_A_QUERY digests.
    """
    statement = (
        select(mailbox_mail.c.sha256, func.min(mailbox_mail.c.delivery))
        .where(mailbox_mail.c.mailbox == name, mailbox_mail.c.sha256.in_(digests))
        .where(mailbox_mail.c.delivery.is_not(None))
        .group_by(mailbox_mail.c.sha256)
    )
    with store.journal_reading() as conn:
        return {row[0]: row[1] for row in conn.execute(statement)}


def remember_again(store: Store, same: Mapping[Origin, tuple[str, int]], now: datetime) -> None:
    """Write that these mails are (sha256, delivery) again; raises Deferred."""
    rows = [
        {**_place(origin), "sha256": sha256, "delivery": delivery, "at": now}
        for origin, (sha256, delivery) in same.items()
    ]
    _write(store, rows, ("sha256", "delivery", "at"))


def remember_failure(
    store: Store, origin: Origin, attempts: int, detail: str, now: datetime
) -> None:
    """Write that a mail could not be taken so many times, and why; raises Deferred."""
    row = {**_place(origin), "sha256": "", "attempts": attempts, "detail": detail[:DETAIL_CHARS]}
    _write(store, [row | {"at": now}], ("attempts", "detail", "at"))


def parked_since(store: Store, name: str, since: datetime) -> tuple[int, str]:
    """Return how many mails of a mailbox were parked since a moment, and the newest one's why."""
    parked = (
        (mailbox_mail.c.mailbox == name)
        & (mailbox_mail.c.at >= since)
        & mailbox_mail.c.delivery.is_(None)
        & (mailbox_mail.c.attempts >= ATTEMPTS)
    )
    newest = select(mailbox_mail.c.uid, mailbox_mail.c.detail).where(parked)
    with store.journal_reading() as conn:
        count = conn.execute(select(func.count()).where(parked)).scalar_one()
        row = conn.execute(newest.order_by(mailbox_mail.c.at.desc()).limit(1)).first()
    return count, "" if row is None else f"UID {row.uid}: {row.detail}"


def _place(origin: Origin) -> dict[str, object]:
    place = {"mailbox": origin.mailbox, "uidvalidity": origin.uidvalidity, "uid": origin.uid}
    return {**place, "delivery": None, "attempts": 0, "detail": ""}


def _write(store: Store, rows: list[dict[str, object]], replaced: Sequence[str]) -> None:
    if not rows:
        return
    with store.journal_writing() as conn:
        new = upsert(conn, mailbox_mail)
        values = {name: new.excluded[name] for name in replaced}
        conn.execute(new.on_conflict_do_update(index_elements=_KEYS, set_=values), rows)

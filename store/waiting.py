"""Which mail waits for which: the same mail before it, and the mail that it answers.

Only reads. Whether a mail has to wait is asked by `gateway.deliberate`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, select

from store.tables import inbox

WAIT_FOR_PARENT = timedelta(seconds=60)
WAIT_FOR_TWIN = timedelta(seconds=20)  # an alarm's; a halted worker must not hold it up for longer


@dataclass(frozen=True, slots=True)
class Twin:
    """A mail that waits, seen by another with the same identity."""

    mail: int
    lane: int
    received_at: datetime


Twins = Mapping[tuple[str, str], Sequence[Twin]]  # by identity: Message-ID and content


def waits_for_parent(
    conn: Connection, references: Iterable[str], *, of: int, now: datetime
) -> bool:
    """Whether a mail that this one answers still waits.

    One that came before is always waited for: it ends as done or broken. One that came after only
    while this mail is younger than a minute, so that nobody can hold it up for longer.
    """
    wanted = list(dict.fromkeys(references))
    if not wanted:
        return False
    query = select(inbox.c.mail, inbox.c.state).where(inbox.c.message_id.in_(wanted))
    parents = [row.mail for row in conn.execute(query) if row.state == "kept" and row.mail != of]
    if any(parent < of for parent in parents):
        return True
    came = conn.execute(select(inbox.c.received_at).where(inbox.c.mail == of)).scalar()
    return bool(parents) and came is not None and came >= now - WAIT_FOR_PARENT


def is_one_of(identities: Collection[tuple[str, str]]) -> ColumnElement[bool]:
    """Return a condition that finds the mails of these identities by index, and a few more.

    Pairs would say it exactly, but for a list of pairs SQLite reads the whole table.
    """
    return and_(
        inbox.c.message_id.in_({message_id for message_id, _ in identities}),
        inbox.c.content.in_({content for _, content in identities}),
    )


def waiting_twins(conn: Connection, identities: Collection[tuple[str, str]]) -> Twins:
    """Return the mails that wait with one of these identities, by identity."""
    same = is_one_of(identities)
    columns = [inbox.c[name] for name in ("mail", "lane", "received_at", "message_id", "content")]
    found: dict[tuple[str, str], list[Twin]] = {}
    for mail, lane, received_at, *identity in conn.execute(
        select(*columns).where(same, inbox.c.state == "kept")
    ):
        found.setdefault((identity[0], identity[1]), []).append(Twin(mail, lane, received_at))
    return found


def waits_for_twin(
    twins: Iterable[Twin], *, of: int, among: int | None = None, now: datetime | None = None
) -> bool:
    """Whether the same mail, accepted before this one, still waits.

    `among` looks at one lane only; with `now`, a twin that has waited for long does not count.
    """
    return any(
        one.mail < of
        and among in {None, one.lane}
        and (now is None or one.received_at >= now - WAIT_FOR_TWIN)
        for one in twins
    )

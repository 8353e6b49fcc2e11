"""What was proven of a mail's sender, kept with the mail; and which signatures were seen.

A signature counts with one mail only: the same mail may come again (by another door), another mail
with a signature that was seen is a replay. Rows of signatures stay for thirty days.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, delete, select

from parsers.evidence import Proof, SenderEvidence
from router.decision import Mail
from store.tables import evidence, inbox, seen_signature
from store.upsert import upsert

KEEP_SIGNATURES = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Proven:
    """What was proven of a mail's sender when it was decided. `standing` is the row it gave."""

    mail: int
    proofs: tuple[Proof, ...]
    standing: str
    at: datetime


def signatures_of(proofs: SenderEvidence) -> frozenset[str]:
    """Return the names of a mail's signatures, of one length whatever they hold."""
    keys = (proof.replay_key for proof in proofs.proofs)
    return frozenset(sha256(key.encode("utf-8", "replace")).hexdigest() for key in keys if key)


def write_evidence(
    conn: Connection, proven: Sequence[tuple[int, SenderEvidence, str]], now: datetime
) -> None:
    """Keep what was proven of mails, given as (mail, evidence, standing); later proofs replace."""
    rows: list[dict[str, Any]] = []
    seen: list[dict[str, Any]] = []
    for mail, proofs, standing in proven:
        if proofs.proofs:
            said = [proof.to_json() for proof in proofs.proofs]
            rows.append({"mail": mail, "proofs": said, "standing": standing, "at": now})
        seen += [{"signature": key, "mail": mail, "at": now} for key in signatures_of(proofs)]
    if rows:
        new = upsert(conn, evidence)
        values = {name: new.excluded[name] for name in ("proofs", "standing", "at")}
        conn.execute(new.on_conflict_do_update(index_elements=["mail"], set_=values), rows)
    if seen:
        conn.execute(upsert(conn, seen_signature).on_conflict_do_nothing(), seen)


def replayed_mails(
    conn: Connection, mails: Sequence[tuple[Mail, tuple[str, str]]]
) -> frozenset[int]:
    """Return those of these mails, given with their identity, that reuse another's signature."""
    keys = {mail.mail_id: signatures_of(mail.evidence) for mail, _ in mails}
    wanted = frozenset().union(*keys.values()) if keys else frozenset()
    if not wanted:
        return frozenset()
    query = (
        select(seen_signature.c.signature, inbox.c.mail, inbox.c.message_id, inbox.c.content)
        .join(inbox, inbox.c.mail == seen_signature.c.mail)
        .where(seen_signature.c.signature.in_(wanted))
    )
    first = {row[0]: (row[1], (row[2], row[3])) for row in conn.execute(query)}
    return frozenset(
        mail.mail_id
        for mail, identity in mails
        if any(
            key in first and first[key][0] != mail.mail_id and first[key][1] != identity
            for key in keys[mail.mail_id]
        )
    )


def read_evidence(conn: Connection, mails: Iterable[int]) -> dict[int, Proven]:
    """Return what was proven of mails, by mail; those without any proof are left out."""
    query = select(evidence).where(evidence.c.mail.in_(list(mails)))
    return {
        row.mail: Proven(
            row.mail, tuple(Proof.from_json(one) for one in row.proofs), row.standing, row.at
        )
        for row in conn.execute(query)
    }


def forget_signatures(conn: Connection, now: datetime) -> int:
    """Delete signatures that were seen more than thirty days ago; return how many."""
    old = seen_signature.c.at < now - KEEP_SIGNATURES
    return conn.execute(delete(seen_signature).where(old)).rowcount

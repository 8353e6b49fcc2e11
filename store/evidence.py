"""What was proven of a mail's sender, kept with the mail; and which signatures were seen.

A signature counts with one mail only: the same mail may come again (by another door), another mail
with a signature that was seen is a replay. Only a mail that it proved has used it up, and an alarm
is a replay only of an alarm: a list's copy, which comes first with a list's own From or to a weaker
address, must not silence it.
Rows of signatures stay for thirty days.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, select, update

from parsers.evidence import Proof, ProofKind, SenderEvidence
from router.addresses import Intent
from router.decision import Mail
from router.rights import PROVEN
from store.tables import evidence, inbox, seen_signature
from store.upsert import upsert

KEEP_SIGNATURES = timedelta(days=30)


_first = inbox.alias()
# An alarm takes the place of the weaker mail that came first with its signature.
_RAISED = (
    update(seen_signature)
    .where(
        seen_signature.c.signature == bindparam("key"),
        seen_signature.c.mail.in_(select(_first.c.mail).where(_first.c.intent > Intent.ALARM)),
        exists().where(inbox.c.mail == bindparam("of"), inbox.c.intent == Intent.ALARM),
    )
    .values(mail=bindparam("of"))
)


@dataclass(frozen=True, slots=True)
class Proven:
    """What was proven of a mail's sender when it was decided. `standing` is the row it gave."""

    mail: int
    proofs: tuple[Proof, ...]
    standing: str
    at: datetime


def signatures_of(proofs: SenderEvidence) -> frozenset[str]:
    """Return the names of a mail's signatures, of one length whatever they hold.

    Those of other domains than From's prove nothing; anybody may have seen to it that they came.
    """
    counting = (p for p in proofs.proofs if p.aligned or p.kind is not ProofKind.DKIM)
    keys = (proof.replay_key for proof in counting)
    return frozenset(sha256(key.encode("utf-8", "replace")).hexdigest() for key in keys if key)


def signature_words(mail: Mail) -> set[str]:
    """Return what must not be decided on at the same time as this mail; see `store.turns`."""
    return {f"signature {key}" for key in signatures_of(mail.evidence)}


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
        if standing in PROVEN:
            seen += [{"signature": key, "mail": mail, "at": now} for key in signatures_of(proofs)]
    if rows:
        new = upsert(conn, evidence)
        values = {name: new.excluded[name] for name in ("proofs", "standing", "at")}
        conn.execute(new.on_conflict_do_update(index_elements=["mail"], set_=values), rows)
    if seen:
        conn.execute(upsert(conn, seen_signature).on_conflict_do_nothing(), seen)
        conn.execute(_RAISED, [{"key": one["signature"], "of": one["mail"]} for one in seen])


def replayed_mails(
    conn: Connection, mails: Sequence[tuple[Mail, tuple[str, str]]], *, again: bool = False
) -> frozenset[int]:
    """Return those of these mails, given with their identity, that reuse another's signature.

    `again` is for mails that were decided before and are proven only now: then the same mail, come
    by another door meanwhile, has used it up, too.
    """
    keys = {mail.mail_id: signatures_of(mail.evidence) for mail, _ in mails}
    wanted = frozenset().union(*keys.values()) if keys else frozenset()
    if not wanted:
        return frozenset()
    query = (
        select(
            seen_signature.c.signature,
            inbox.c.mail,
            inbox.c.message_id,
            inbox.c.content,
            inbox.c.intent,
        )
        .join(inbox, inbox.c.mail == seen_signature.c.mail)
        .where(seen_signature.c.signature.in_(wanted))
    )
    seen = {row.signature: row for row in conn.execute(query)}
    replayed = set()
    for mail, identity in mails:
        others = [seen[key] for key in keys[mail.mail_id] if key in seen]
        for first in others:
            same = not again and (first.message_id, first.content) == identity
            raised = mail.intent is Intent.ALARM and first.intent > Intent.ALARM
            if first.mail != mail.mail_id and not same and not raised:
                replayed.add(mail.mail_id)
    return frozenset(replayed)


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

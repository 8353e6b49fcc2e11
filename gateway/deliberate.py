"""From raw mails to decisions: the middle of a mail's way, without writing anything.

`work` asks inside the transaction that writes; `explain` asks the very same functions and writes
nothing. Nothing here has a second implementation.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from parsers.envelope import Envelope
from parsers.mail import hear
from router.addresses import LANE_ALARM
from router.authority import sender_of
from router.decide import decide
from router.decision import Decision, Facts, Mail, Policy
from router.people import author_of
from router.thread import intent_of, sent_row, thread
from router.words import Outcome
from store import journal
from store.commit import Decided
from store.evidence import signature_words, signatures_of
from store.facts import Known, questions, read_facts
from store.relations import named_in
from store.waiting import Twins, waits_for_parent, waits_for_twin

WAIT_FOR_PROOF = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Heard:
    """A mail that was heard, with its identity: Message-ID (as the door read it) and content."""

    mail: Mail
    identity: tuple[str, str]
    lane: int = LANE_ALARM


@dataclass(frozen=True, slots=True)
class Settled:
    """What was decided about one mail, and from which facts."""

    mail: Mail
    facts: Facts
    decisions: tuple[Decision, ...]


def hear_mail(mail_id: int, envelope: Envelope, raw: bytes, policy: Policy, now: datetime) -> Mail:
    """Return a kept mail, heard; never raises for what it holds."""
    heard = hear(raw, mail_from=envelope.mail_from)
    return Mail(mail_id, envelope, heard, intent_of(envelope, policy, now))


def heard_again(desk: Any, mail_id: int) -> tuple[Heard, bytes]:
    """Return a kept mail, heard as `work` heard it, and its bytes; raises LookupError without."""
    store = desk.store
    raw = journal.read_raw(store, mail_id)
    delivery = journal.read_delivery(store, mail_id)
    mail = hear_mail(mail_id, delivery.envelope, raw, desk.policy, desk.clock())
    return Heard(mail, (delivery.message_id, delivery.content), delivery.lane), raw


def words(heard: Sequence[Heard], policy: Policy, now: datetime) -> set[str]:
    """Return what must not be decided on by others meanwhile; see `store.turns`.

    The same mail again, a reply and what it answers, two answers to one mail that has not come, and
    answers by token to one ticket have a word in common.
    """
    found: set[str] = set()
    for one in heard:
        mail = one.mail
        found |= {one.identity[0] or one.identity[1], mail.heard.message_id}
        found |= {*mail.heard.in_reply_to, *mail.heard.references}
        found |= {f"ticket {clue.ticket}" for clue in thread(mail, policy, now) if clue.ticket}
        bounced = sent_row(mail, policy, now)
        if bounced:
            found.add(f"sent {bounced}")
        found |= signature_words(mail)
    return found - {""}


def tickets_named(heard: Sequence[Heard], policy: Policy, now: datetime) -> set[int]:
    """Return the tickets to which these mails belong, and those that their lines name."""
    clues = {c.ticket for one in heard for c in thread(one.mail, policy, now) if c.ticket}
    return clues | {number for one in heard for number in named_in(one.mail)}


def settle(
    conn: Any, heard: Sequence[Heard], known: Known, policy: Policy, now: datetime
) -> list[Settled]:
    """Return what follows from each mail, as if each were the only one; in order."""
    asked = questions([(one.mail, one.identity) for one in heard], policy, now)
    found = read_facts(conn, asked, known, policy, now)
    return [
        Settled(one.mail, facts, decide(one.mail, facts, policy, now))
        for one, facts in zip(heard, found, strict=True)
    ]


def must_wait(
    conn: Any,
    one: Heard,
    settled: Settled,
    twins: Twins,
    *,
    batch: Collection[int],
    now: datetime,
) -> bool:
    """Whether a mail has to wait for another that is still in the inbox.

    That is: the same mail accepted before it, or, for a mail that would open a ticket, the mail
    that it answers. An alarm waits only for the same alarm, which would else page twice, and not
    for long, unless that is in our own hands. `twins` are what waits with the identities of a
    batch, whose mails are `batch`.
    """
    mail, same = one.mail, twins.get(one.identity, ())
    if one.lane == LANE_ALARM:
        beside = [twin for twin in same if twin.mail in batch]
        return waits_for_twin(beside, of=mail.mail_id, among=LANE_ALARM) or waits_for_twin(
            same, of=mail.mail_id, among=LANE_ALARM, now=now
        )
    if waits_for_twin(same, of=mail.mail_id):
        return True
    if waits_for_proof(mail, settled, now):
        return True
    opens = any(d.ticket is not None and d.ticket.number == 0 for d in settled.decisions)
    parents = (*mail.heard.in_reply_to, *mail.heard.references)
    return opens and waits_for_parent(conn, parents, of=mail.mail_id, now=now)


def waits_for_proof(mail: Mail, settled: Settled, now: datetime) -> bool:
    """Whether an answer to a ticket waits because its sender could not be proven for now.

    What opens a ticket does not wait: it is held at once, and proven again.
    """
    unsure = {d.outcome for d in settled.decisions} == {Outcome.UNVERIFIED}
    young = now < mail.envelope.received_at + WAIT_FOR_PROOF
    return unsure and mail.evidence.unanswered and young


def independent(settled: Sequence[Settled]) -> list[Settled]:
    """Return those that can be written together: no two touch one ticket or one signature."""
    touched: set[int | str] = set()
    chosen = []
    for one in settled:
        claims: set[int | str] = {*signatures_of(one.mail.evidence)}
        claims |= {d.ticket.number for d in one.decisions if d.ticket and d.ticket.number}
        if not claims & touched:
            chosen.append(one)
            touched |= claims
    return chosen


def decided(one: Settled, policy: Policy, *, by: str) -> Decided:
    """Return it as the store takes it; `by` is the slot that holds the claim."""
    mail, facts = one.mail, one.facts
    sender = sender_of(mail, facts.roster, policy, replayed=facts.replayed)
    return Decided(
        one.decisions,
        mail.mail_id,
        mail.intent,
        by,
        author_of(mail),
        sender.may.open_ticket,
        mail.evidence,
        sender.standing,
    )

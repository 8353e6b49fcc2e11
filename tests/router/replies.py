"""A ticket and the people around it, as plain values, and replies of each of them.

USER, TEAM and ALARM tickets of ATLAS, at NGI_DE, about FZK-LCG2. What is proven of a reply, and who
writes it, is given by name.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from parsers.evidence import Proof, SenderEvidence
from parsers.mail import hear
from parsers.registry import Roc, SupportUnit
from parsers.roster import Member, Roster
from router.addresses import Intent
from router.decide import decide
from router.decision import Clue, Decision, Facts, Mail
from router.ticket import Participant, Ticket, TicketKind
from router.tokens import TokenClass
from router.words import MailKind, Notify, Priority, Reason, Role, Status
from tests.router.test_decision_table import ALL, DKIM, NOW, POLICY, REGISTRY, mail

SUBMITTER, SUPPORTER = "anne@physics.example", "rosa@roc.example"
TEAM, ALARMER = "tom@cern.example", "anna@cern.example"
STRANGER, FIRST_LINE = "carl@elsewhere.example", "tina@firstline.example"
LIST, DESK, SITE = "ngi@roc.example", "tpm@firstline.example", "admins@fzk.example"
OTHER = "sue@unit.example"  # supports a unit that has nothing to do with it
WORLD = replace(
    REGISTRY,
    rocs=(*REGISTRY.rocs, Roc("NGI_IT", ("it@roc.example",))),
    units=(
        SupportUnit("TPM", (DESK,), supporters=(FIRST_LINE,)),
        SupportUnit("VOSupport", ("vo-support@unit.example",), supporters=(OTHER,)),
    ),
    sites=(
        *REGISTRY.sites,
        replace(REGISTRY.sites[0], name="INFN-T1", roc="NGI_IT", contacts=("grid@infn.example",)),
    ),
    vos=("atlas", "cms"),
)
PEOPLE = Roster(
    (
        Member("Rosa", (SUPPORTER,), roles=frozenset({"support"})),
        Member("Tom", (TEAM,), vo="atlas", roles=frozenset({"team"})),
        Member("Anna", (ALARMER,), vo="atlas", roles=frozenset({"alarm"})),
        Member("Cecil", ("cecil@cern.example",), vo="cms", roles=frozenset({"team", "support"})),
    )
)
LATER = NOW + timedelta(days=1)


def about(kind: TicketKind = TicketKind.USER, **fields: object) -> Ticket:
    """Return a ticket in which its submitter, the ROC's list and the site take part."""
    people = (
        Participant(Role.SUBMITTER, SUBMITTER, mode=Notify.ON_SOLUTION, row=1),
        Participant(Role.SUPPORTER, LIST, "NGI_DE", row=2),
        Participant(Role.SITE, SITE, "FZK-LCG2", row=3),
    )
    one = Ticket(
        7, 1, kind, kind, Status.ASSIGNED, None, Priority.URGENT, "Lost", SUBMITTER, "NGI_DE", NOW,
        NOW, vo="atlas", notified_site="FZK-LCG2", participants=people, last_event=1,
    )  # fmt: skip
    return replace(one, **fields)  # type: ignore[arg-type] # fields of a ticket


def by(address: str, text: str, proofs: tuple[Proof, ...] | None = None, head: str = "") -> Mail:
    """Return somebody's reply; proven by DKIM unless said otherwise."""
    proof = replace(DKIM, identity=address.rpartition("@")[2], covers=ALL, replay_key=address)
    raw = (
        f"From: {address}\r\nTo: support@helpdesk.example\r\nSubject: Re: Lost\r\n"
        f"Date: Mon, 02 Mar 2026 10:00:00 +0000\r\nMessage-ID: <1@reply.example>\r\n{head}\r\n"
        + text.replace("\n", "\r\n")
    )
    one = mail("0", Intent.ANSWER, "")
    found = SenderEvidence((proof,) if proofs is None else proofs)
    envelope = replace(one.envelope, mail_from=address)
    return replace(one, envelope=envelope, heard=hear(raw.encode()), evidence=found)


def after(one: Mail, ticket: Ticket, *, row: int = 2, **known: object) -> Decision:
    """Return what a reply with a person's token does to its ticket; there is a ticket 12, too."""
    clue = Clue(Reason.THREAD_TOKEN, 7, token_class=TokenClass.PERSON, token_row=row)
    known = {"related": {12: replace(about(), number=12)}, **known}
    facts = Facts(WORLD, PEOPLE, found=((clue, ticket),), **known)  # type: ignore[arg-type] # fields of Facts
    decision, *beside = decide(one, facts, POLICY, NOW)
    assert all(one.beside for one in beside)
    return decision


def told(decision: Decision, kind: MailKind | None = None) -> set[str]:
    """Return who is mailed, with one kind of mail or any."""
    return {one.recipient for one in decision.outgoing if kind in {None, one.kind}}


def text_to(decision: Decision, address: str) -> Mapping[str, object]:
    """Return the values of the one mail to somebody."""
    (values,) = [one.values for one in decision.outgoing if one.recipient == address]
    return values


def changes(decision: Decision) -> dict[str, tuple[str, str]]:
    """Return what changed, by field."""
    return {c.field: (c.old, c.new) for event in decision.events for c in event.changes}

"""The decision table as a person reads it (decision-table.txt), against what `decide` does.

Each row is evidence, each cell an action; the facts are made of plain values, without a store.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.deliberate import Settled, waits_for_proof
from parsers.envelope import Envelope
from parsers.evidence import Proof, ProofKind, ProofStatus, SenderEvidence
from parsers.mail import hear
from parsers.registry import Registry, Roc, Site, SupportUnit
from parsers.roster import Member, Roster
from router.addresses import Intent, OurAddresses
from router.decide import decide
from router.decision import Clue, Decision, Facts, Mail, Policy
from router.ticket import Participant, Ticket, TicketKind
from router.tokens import Keyring, TokenClass
from router.words import MailKind, Outcome, Priority, Reason, Role, Status

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
NEWLINE, CRLF = "\n", "\r\n"
ANNA, MALLORY = "anna@cern.example", "/DC=org/DC=cern/CN=Mallory"
SUBJECT = "/DC=org/DC=cern/CN=Anna"
POLICY = Policy(
    "Helpdesk",
    OurAddresses(
        "helpdesk.example",
        "support@helpdesk.example",
        "team@helpdesk.example",
        "alarm@helpdesk.example",
    ),
    Keyring((b"0123456789abcdef",)),
    "TPM",
    operator=("operator@helpdesk.example",),
    alarm_results=frozenset({"mx.alarms.example"}),
)
REGISTRY = Registry(
    sites=(
        Site(
            "FZK-LCG2",
            roc="NGI_DE",
            tier=1,
            contacts=("admins@fzk.example",),
            alarm_addresses=("alarm@fzk.example",),
        ),
    ),
    rocs=(Roc("NGI_DE", ("ngi@roc.example",)),),
    units=(SupportUnit("TPM", ("tpm@firstline.example",)),),
    vos=("atlas",),
)
ROSTER = Roster(
    (
        Member("Anna", (ANNA,), (SUBJECT,), "atlas", frozenset({"team", "alarm"})),
        Member("Mallory", ("mallory@cern.example",), (MALLORY,), "atlas", frozenset({"alarm"})),
    )
)
ALL = frozenset({"from", "to", "subject", "date", "message-id", "body"})
PASS, TEMPERROR = ProofStatus.PASS, ProofStatus.TEMPERROR
DKIM = Proof(
    ProofKind.DKIM, "cern.example", PASS, aligned=True, signed_at=NOW, covers=ALL, replay_key="d"
)  # fmt: skip
SMIME = replace(
    DKIM, kind=ProofKind.SMIME, identity=SUBJECT, addresses=(ANNA,), covers=frozenset({"body"}),
)  # fmt: skip
RESULTS = Proof(
    ProofKind.RESULTS, ANNA, PASS, "", aligned=True, issuer="mx.other.example", replay_key="r"
)
OLD = NOW - timedelta(hours=30)
PROOFS = {
    "S": SMIME,
    "D": DKIM,
    "R": RESULTS,
    "R+alarms": replace(RESULTS, issuer="mx.alarms.example"),
    "A": Proof(ProofKind.ARC, "lists.example", PASS),
    "P": Proof(ProofKind.SPF, ANNA, PASS, "", aligned=True),
    "E": Proof(ProofKind.DKIM, "cern.example", TEMPERROR, aligned=True),
    "S-other": replace(SMIME, identity=MALLORY, addresses=("mallory@cern.example",), aligned=False),
    "S-stale": replace(SMIME, signed_at=OLD),
    "D-stale": replace(DKIM, signed_at=OLD),
    "D-replayed": DKIM,
    "D-unbound": replace(DKIM, covers=ALL - {"body"}),
    "S-unbound": replace(SMIME, covers=frozenset()),
    "S-unknown": replace(SMIME, identity="/DC=org/DC=cern/CN=New", addresses=(ANNA,)),
    "E-foreign": Proof(ProofKind.DKIM, "lists.example", TEMPERROR),
    "E-hint": Proof(ProofKind.SPF, ANNA, TEMPERROR),
}
WITHOUT_A_PROOF = {"0", "T", "N", "broken"}
# What the domain of From asks for; not a proof, but a rule of the helpdesk.
RULES = {"@smime": ("smime",), "@dkim": ("dkim",), "@both": ("dkim+smime",)}
BLOCK = "Site: FZK-LCG2\nVO: atlas\nAlarm: helpdesk.example\n\nDead."


def rows() -> list[list[str]]:
    text = (Path(__file__).parent / "decision-table.txt").read_text()
    return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


def kinds(evidence: str) -> set[str]:
    words = set(evidence.split("+"))
    return words - {"R", "alarms"} | {"R+alarms"} if "alarms" in words else words


def policy(evidence: str) -> Policy:
    asked = [RULES[one] for one in kinds(evidence) & set(RULES)]
    return replace(POLICY, alarm_evidence_of={"cern.example": asked[0]} if asked else {})


def mail(evidence: str, intent: Intent, body: str) -> Mail:
    has = kinds(evidence)
    text = body.replace(NEWLINE, CRLF)
    raw = (
        f"From: Anna <{ANNA}>\r\nTo: alarm@helpdesk.example\r\nSubject: Lost\r\n"
        f"Date: Mon, 02 Mar 2026 10:00:00 +0000\r\nMessage-ID: <1@cern.example>\r\n\r\n{text}\r\n"
    )
    envelope = Envelope(
        "smtp",
        "192.0.2.7",
        "client.example",
        ANNA,
        ("alarm@helpdesk.example",),
        NOW,
        submitted="N" in has,
        faults=("a field that may stand once stands twice in the header",) * ("broken" in has),
    )
    proofs = tuple(PROOFS[one] for one in sorted(has - WITHOUT_A_PROOF - set(RULES)))
    return Mail(1, envelope, hear(raw.encode()), intent, SenderEvidence(proofs))


def facts(evidence: str, ticket: Ticket | None = None) -> Facts:
    found: tuple[tuple[Clue, Ticket], ...] = ()
    if ticket is not None:
        by_token = "T" in kinds(evidence)
        clue = (
            Clue(Reason.THREAD_TOKEN, 7, token_class=TokenClass.PERSON, token_row=1)
            if by_token
            else Clue(Reason.THREAD_OWN_ID, 7)
        )
        found = ((clue, ticket),)
    return Facts(REGISTRY, ROSTER, found=found, replayed="D-replayed" in kinds(evidence))


def ticket(kind: TicketKind) -> Ticket:
    me = Participant(Role.SUBMITTER, ANNA, row=1)
    return Ticket(
        7, 1, kind, kind, Status.ASSIGNED, None, Priority.URGENT, "Lost", ANNA, "NGI_DE", NOW, NOW,
        vo="atlas", notified_site="FZK-LCG2", participants=(me,),
    )  # fmt: skip


def happens(
    evidence: str, intent: Intent, body: str, about: Ticket | None = None
) -> tuple[Decision, bool]:
    """Return the first decision about a mail, and whether it waits for its proofs."""
    one, known = mail(evidence, intent, body), facts(evidence, about)
    decisions = decide(one, known, policy(evidence), NOW)
    assert len(decisions) == 1
    return decisions[0], waits_for_proof(one, Settled(one, known, decisions), NOW)


def alarm(evidence: str) -> str:
    decision, waits = happens(evidence, Intent.ALARM, BLOCK)
    assert not waits, "what opens a ticket is held at once"
    woken = [one.recipient for one in decision.outgoing if one.kind is MailKind.ALARM]
    assert woken in ([], ["alarm@fzk.example"])
    assert decision.ticket is not None
    assert (decision.ticket.kind is TicketKind.ALARM) == bool(woken)
    assert (decision.outcome is Outcome.HELD) != bool(woken)
    return "pages" if woken else "held"


def team(evidence: str) -> str:
    decision, waits = happens(
        evidence, Intent.ANSWER, "Status: in progress\n\nI look.", ticket(TicketKind.TEAM)
    )
    assert decision.ticket is not None
    done = decision.ticket.status is Status.IN_PROGRESS
    return "waits" if waits else "done" if done else str(decision.outcome)


def update(evidence: str) -> str:
    decision, waits = happens(evidence, Intent.ANSWER, "More.", ticket(TicketKind.USER))
    return "waits" if waits else str(decision.outcome)


def new(evidence: str) -> str:
    decision, _ = happens(evidence, Intent.USER, "Site: FZK-LCG2\n\nSlow.")
    told = {one.recipient for one in decision.outgoing}
    assert ("ngi@roc.example" in told) == (decision.outcome is Outcome.NEW)
    return {Outcome.NEW: "routed", Outcome.HELD: "held"}[decision.outcome]


def answer(evidence: str) -> str:
    decision, _ = happens(evidence, Intent.USER, "Site: FZK-LCG2\n\nSlow.")
    return "yes" if any(one.recipient == ANNA for one in decision.outgoing) else "no"


ACTIONS: dict[str, Callable[[str], str]] = {
    "alarm": alarm,
    "team": team,
    "update": update,
    "new": new,
    "answer": answer,
}


def cells() -> Iterable[tuple[str, str, str]]:
    for evidence, *expected in rows():
        for action, said in zip(ACTIONS, expected, strict=True):
            yield evidence, action, said


@pytest.mark.parametrize(("evidence", "action", "said"), list(cells()))
def test_each_cell_of_the_table_is_what_happens(evidence: str, action: str, said: str) -> None:
    if said != "-":  # a reply address raises nothing and opens nothing
        assert ACTIONS[action](evidence) == said


def test_the_table_has_every_evidence_and_pages_only_by_proof() -> None:
    told = {name for evidence, *_ in rows() for name in kinds(evidence)}
    assert told == set(PROOFS) | WITHOUT_A_PROOF | set(RULES)
    paging = {evidence for evidence, alarmed, *_ in rows() if alarmed == "pages"}
    assert all(kinds(one) & {"S", "D", "R+alarms"} for one in paging)


@pytest.mark.parametrize("other", sorted(set(PROOFS) | WITHOUT_A_PROOF))
def test_nothing_beside_a_broken_structure_or_another_persons_certificate_pages(other: str) -> None:
    for spoilt in ("broken", "D+S-other"):
        assert alarm(f"{spoilt}+{other}") == "held"

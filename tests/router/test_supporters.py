"""Who is a supporter, of a unit or a region; a mail signed for another ticket steers nothing."""

from dataclasses import replace

import pytest

from parsers.heard import Mailbox
from router.decision import Mail
from router.ticket import Ticket, TicketKind
from router.tokens import TokenClass, write_message_id, write_token
from router.words import MailKind, Outcome, Reason, Status
from tests.router.replies import (
    FIRST_LINE,
    LIST,
    OTHER,
    SUBMITTER,
    WORLD,
    about,
    after,
    by,
    changes,
)
from tests.router.test_decision_table import NOW, POLICY

RITA, IVO = "rita@roc.example", "ivo@roc.example"
REGIONS = replace(
    WORLD,
    rocs=tuple(
        replace(one, supporters=(RITA,) if one.name == "NGI_DE" else (IVO,)) for one in WORLD.rocs
    ),
)


@pytest.fixture(autouse=True)
def _regions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.router.replies.WORLD", REGIONS)


@pytest.mark.parametrize(
    ("who", "ticket", "may"),
    [
        (RITA, about(), True),
        (IVO, about(), False),
        (IVO, about(support_unit="ngi_it"), True),
        (OTHER, about(), False),
        (FIRST_LINE, about(), True),
        (LIST, about(), True),
        (RITA, about(support_unit="GONE"), False),
    ],
)
def test_supporters_of_the_responsible_unit_or_region_steer(
    who: str, ticket: Ticket, may: bool
) -> None:
    decision = after(by(who, "Status: in progress\n"), ticket)
    assert bool(changes(decision)) is may


@pytest.mark.parametrize(
    ("text", "who"), [("Status: solved\n\nDone.", IVO), ("Category: Test\n", SUBMITTER)]
)
def test_whoever_is_not_proven_is_told_that_it_is_this_what_is_missing(text: str, who: str) -> None:
    unproven = after(by(RITA, text, ()), about())
    assert "first line; who wrote this mail is not proven for that (by DKIM or S/MIME)" in str(
        unproven.notes
    )
    proven = after(by(who, text), about())
    assert "was not followed" in str(proven.notes)
    assert "not proven" not in str(proven.notes)


def test_a_region_gives_a_ticket_to_one_of_its_people() -> None:
    decision = after(by(RITA, "Assign to: me\n"), about())
    assert changes(decision) == {"assigned person": ("", RITA)}
    other = after(by(RITA, f"Assign to: {IVO}\n"), about())
    assert changes(other) == {}
    assert RITA in " ".join(other.notes)


def token(ticket: int) -> str:
    return POLICY.addresses.reply_to(write_token(POLICY.keys, TokenClass.PERSON, ticket, 2, NOW))


def message_id(ticket: int) -> str:
    return write_message_id(POLICY.keys, ticket, 3, "helpdesk.example")


def signed(*, by_whom: str = RITA, text: str = "Status: in progress\n", **fields: str) -> Mail:
    """Return a supporter's mail in which only these header fields are signed."""
    one = by(by_whom, text)
    said = {name: (Mailbox("", value),) for name, value in fields.items() if name in {"to", "cc"}}
    ids = {"in_reply_to", "references"} & set(fields)
    heard = replace(one.heard, **said, **{name: (fields[name],) for name in ids})  # type: ignore[arg-type] # fields of a mail
    heard = replace(heard, subject=fields.get("subject", heard.subject))
    covers = {"from", "date", "body", *(name.replace("_", "-") for name in fields)}
    proofs = tuple(replace(p, covers=frozenset(covers)) for p in one.evidence.proofs)
    return replace(one, heard=heard, evidence=replace(one.evidence, proofs=proofs))


@pytest.mark.parametrize(
    ("fields", "steers"),
    [
        ({"to": token(7)}, True),
        ({"to": token(9)}, False),
        ({"cc": token(9)}, False),
        ({"to": token(9), "cc": token(7)}, True),
        ({"subject": "Re: Ticket-ID: #9 UPDATE Lost"}, False),
        ({"subject": "Re: Ticket-ID: #7 UPDATE Lost"}, True),
        ({"subject": "Re: Ticket-ID: #9 UPDATE Lost", "to": token(7)}, True),
        ({"in_reply_to": message_id(9)}, False),
        ({"references": message_id(9), "in_reply_to": message_id(7)}, True),
        ({"to": "support@helpdesk.example", "subject": "Lost"}, True),
        ({"to": token(9)[:20] + "@helpdesk.example"}, True),
        ({}, True),
    ],
)
def test_a_mail_that_was_signed_for_another_ticket_steers_nothing_here(
    fields: dict[str, str], steers: bool
) -> None:
    decision = after(signed(**fields), about())
    assert bool(changes(decision)) is steers
    assert (Reason.SIGNED_FOR_ANOTHER in decision.reasons) is not steers
    assert decision.outcome is Outcome.COMMENT
    if not steers:
        assert "names another ticket" in " ".join(decision.notes)


def test_a_mail_that_was_signed_for_another_ticket_brings_nobody_in() -> None:
    """Else whoever was in copy there reads this one, once it is sent on."""
    decision = after(signed(by_whom=OTHER, to=token(9), cc="spy@elsewhere.example"), about())
    assert decision.outcome is Outcome.COMMENT
    assert decision.joins == ()


def test_a_mail_that_was_signed_for_another_ticket_is_no_answer_to_a_question_here() -> None:
    waiting = about(status=Status.WAITING)
    sent_on = signed(by_whom=SUBMITTER, text="It is the second queue.", to=token(9))
    assert changes(after(sent_on, waiting)) == {}
    meant = signed(by_whom=SUBMITTER, text="It is the second queue.", to=token(7))
    assert changes(after(meant, waiting)) == {"status": ("waiting for reply", "in progress")}


def test_a_header_that_is_not_signed_says_nothing() -> None:
    one = signed(to=token(9))
    proofs = tuple(replace(p, covers=p.covers - {"to"}) for p in one.evidence.proofs)
    loose = replace(one, evidence=replace(one.evidence, proofs=proofs))
    assert changes(after(loose, about()))


def test_nor_does_it_verify_or_let_go_a_held_ticket() -> None:
    back = signed(by_whom=SUBMITTER, text="", to=token(9))
    solved = about(status=Status.SOLVED)
    assert changes(after(back, solved, row=1, solution_of=7)) == {}
    here = signed(by_whom=SUBMITTER, text="", to=token(7))
    assert changes(after(here, solved, row=1, solution_of=7))
    held = about(held=Reason.TEAM_NOT_PROVEN, wanted=TicketKind.TEAM, status=Status.NEW)
    confirms = {"by_whom": FIRST_LINE, "text": "Confirm: yes\n"}
    assert after(signed(**confirms, to=token(9)), held).outcome is Outcome.COMMENT
    assert after(signed(**confirms, to=token(7)), held).outcome is Outcome.COMMAND


@pytest.mark.parametrize(("who", "sees"), [(RITA, True), (IVO, False), (FIRST_LINE, True)])
def test_supporters_may_ask_how_their_ticket_stands(who: str, sees: bool) -> None:
    (answer,) = after(by(who, "status\n"), about(solution="Restarted.")).outgoing
    assert [one["ticket"] for one in answer.values["tickets"]] == ([7] if sees else [])  # type: ignore[attr-defined] # a list
    forged = by(who, "status\n", proofs=())
    assert MailKind.STATUS not in {one.kind for one in after(forged, about()).outgoing}

"""What an answer to a closed ticket takes over from it, and what is split off from an open one."""

from dataclasses import replace

import pytest

from parsers.evidence import Proof
from router.decide import decide
from router.decision import Clue, Decision, Facts
from router.ticket import Ticket, TicketKind
from router.tokens import TokenClass
from router.words import EventKind, MailKind, Outcome, Priority, Reason, Status
from tests.router.replies import (
    ALARMER,
    LIST,
    PEOPLE,
    SITE,
    STRANGER,
    SUBMITTER,
    SUPPORTER,
    TEAM,
    WORLD,
    about,
    after,
    by,
    text_to,
    told,
)
from tests.router.test_decision_table import NOW, POLICY, PROOFS
from tests.router.test_moving import entry, moved

USER, ALARM = TicketKind.USER, TicketKind.ALARM
AGAIN = "It fails again."


def closed(kind: TicketKind = USER, **fields: object) -> Ticket:
    more = {
        "status": Status.CLOSED,
        "affected_site": "INFN-T1",
        "type_of_issue": "Storage Systems",
        "mou_area": "All other tier-1 services",
        "vo_specific": True,
        **fields,
    }
    return about(kind, **more)


def opened(decision: Decision) -> Ticket:
    assert decision.ticket is not None
    assert decision.ticket.number == 0
    return decision.ticket


def kept(ticket: Ticket) -> tuple[object, ...]:
    return (
        ticket.notified_site, ticket.vo, ticket.vo_specific, ticket.priority,
        ticket.affected_site, ticket.type_of_issue, ticket.mou_area,
    )  # fmt: skip


ALL_OF_IT = (
    "FZK-LCG2", "atlas", True, Priority.URGENT,
    "INFN-T1", "Storage Systems", "All other tier-1 services",
)  # fmt: skip
NOTHING = ("", "", False, Priority.LESS_URGENT, "", "", "")


@pytest.mark.parametrize("status", [Status.CLOSED, Status.VERIFIED])
def test_an_answer_to_a_closed_ticket_is_about_the_same_matter(status: Status) -> None:
    decision = after(by(SUBMITTER, AGAIN), closed(status=status))
    assert kept(opened(decision)) == ALL_OF_IT
    assert opened(decision).kind is USER
    receipt = text_to(decision, SUBMITTER)
    assert "which is closed for good" in str(receipt["notes"])
    assert (
        "As in Ticket-ID: #7, because the mail does not say it: notified site FZK-LCG2, VO atlas, "
        "affected site INFN-T1, priority urgent, type of issue Storage Systems, "
        "mou area All other tier-1 services, VO specific yes."
    ) in receipt["notes"]  # type: ignore[operator] # a list of notes
    assert told(decision, MailKind.SITE_NOTIFICATION) == {SITE}


@pytest.mark.parametrize(
    ("lines", "now"),
    [
        ("Priority: very urgent", {"priority": Priority.VERY_URGENT}),
        ("Priority: less urgent", {"priority": Priority.LESS_URGENT}),
        ("Priority: very very urgent", {"priority": Priority.LESS_URGENT}),
        ("VO: cms", {"vo": "cms", "vo_specific": False}),
        ("VO: none", {"vo": "", "vo_specific": False}),
        ("VO: atlas\nVO: cms", {"vo": "", "vo_specific": False}),
        ("VO specific: no", {"vo_specific": False}),
        ("Type of issue: Databases", {"type_of_issue": "Databases"}),
        ("Affected site: FZK-LCG2", {"affected_site": "FZK-LCG2"}),
        ("Site: INFN-T1", {"notified_site": "INFN-T1"}),
        ("Site: NO-SUCH", {"notified_site": ""}),
        ("Assign to: VOSupport", {"notified_site": "", "support_unit": "VOSupport"}),
    ],
)
def test_what_the_mail_names_is_not_taken_over(lines: str, now: dict[str, object]) -> None:
    before = opened(after(by(SUBMITTER, AGAIN), closed()))
    ticket = opened(after(by(SUBMITTER, f"{lines}\n\n{AGAIN}"), closed()))
    assert {key: getattr(ticket, key) for key in now} == now
    others = {"vo", "priority", "type_of_issue", "affected_site", "notified_site"} - set(now)
    assert all(getattr(ticket, key) == getattr(before, key) for key in others)


def test_the_highest_priority_is_not_taken_over_but_may_be_named() -> None:
    old = closed(priority=Priority.TOP)
    assert opened(after(by(SUBMITTER, AGAIN), old)).priority is Priority.VERY_URGENT
    named = by(SUBMITTER, f"Priority: top priority\n\n{AGAIN}")
    assert opened(after(named, old)).priority is Priority.TOP


def test_where_there_was_no_site_the_unit_has_it_again() -> None:
    old = closed(notified_site="", support_unit="VOSupport")
    assert opened(after(by(SUBMITTER, AGAIN), old)).support_unit == "VOSupport"


@pytest.mark.parametrize(
    ("who", "old", "kind"),
    [
        (ALARMER, ALARM, TicketKind.TEAM),
        (TEAM, ALARM, TicketKind.TEAM),
        (SUBMITTER, ALARM, USER),
        (TEAM, TicketKind.TEAM, TicketKind.TEAM),
        (SUBMITTER, TicketKind.TEAM, USER),
        ("cecil@cern.example", TicketKind.TEAM, USER),
        (TEAM, USER, USER),
    ],
)
def test_no_follow_up_is_an_alarm_and_a_teams_is_its_own(
    who: str, old: TicketKind, kind: TicketKind
) -> None:
    decision = after(by(who, f"Alarm: helpdesk.example\n\n{AGAIN}"), closed(old))
    ticket = opened(decision)
    assert (decision.outcome, ticket.kind, ticket.wanted) == (Outcome.NEW, kind, kind)
    assert ticket.paging is None
    assert MailKind.ALARM not in {one.kind for one in decision.outgoing}


def test_a_team_that_names_another_vo_or_none_opens_an_ordinary_ticket() -> None:
    for line in ("VO: cms", "VO: none"):
        decision = after(by(TEAM, f"{line}\n\n{AGAIN}"), closed(TicketKind.TEAM))
        assert opened(decision).kind is USER


UNPROVEN: tuple[tuple[Proof, ...], ...] = ((), (PROOFS["P"],), (PROOFS["A"],), (PROOFS["E"],))


@pytest.mark.parametrize("proofs", UNPROVEN)
@pytest.mark.parametrize("mode", ["first-line", "route"])
def test_nothing_is_taken_over_by_who_is_not_proven(
    proofs: tuple[Proof, ...], mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.router.replies.POLICY", replace(POLICY, unproven=mode))
    decision = after(by(SUBMITTER, AGAIN, proofs=proofs), closed(TicketKind.TEAM))
    ticket = opened(decision)
    assert kept(ticket) == NOTHING
    assert (ticket.kind, ticket.support_unit, ticket.wanted_unit) == (USER, "TPM", "")
    assert "atlas" not in str(decision.outgoing)
    assert not told(decision) & {SITE, LIST}


def by_reference(who: str, old: Ticket, head: str = "") -> Ticket:
    clue = Clue(Reason.THREAD_FOREIGN_ID, message_id="<1@list.example>")
    facts = Facts(WORLD, PEOPLE, found=((clue, old),))
    return opened(decide(by(who, AGAIN, head=head), facts, POLICY, NOW)[0])


def test_a_reference_alone_takes_nothing_over_unless_its_writer_took_part() -> None:
    assert kept(by_reference(STRANGER, closed())) == NOTHING
    assert kept(by_reference(SUBMITTER, closed())) == ALL_OF_IT


def test_a_proven_holder_of_a_reply_address_takes_over() -> None:
    assert kept(opened(after(by(SUPPORTER, AGAIN), closed()))) == ALL_OF_IT


def test_a_mail_that_was_signed_for_another_ticket_takes_nothing_over() -> None:
    raw = by(SUBMITTER, AGAIN)
    heard = replace(raw.heard, subject="Re: Ticket-ID: #12 ASSIGNED Lost")
    assert kept(opened(after(replace(raw, heard=heard), closed()))) == NOTHING


@pytest.mark.parametrize("kind", TicketKind)
def test_what_is_split_off_is_about_the_same_but_never_an_alarm_nor_most_urgent(
    kind: TicketKind,
) -> None:
    old = closed(kind, status=Status.ASSIGNED, priority=Priority.TOP)
    ticket = opened(moved(entry(), 0, old)[1])
    assert kept(ticket)[:6] == (
        "FZK-LCG2", "atlas", True, Priority.VERY_URGENT, "INFN-T1", "Storage Systems"
    )  # fmt: skip
    assert (ticket.kind, ticket.wanted, ticket.paging) == (USER, USER, None)
    assert opened(moved(entry(), 0, about())[1]).priority is Priority.URGENT


def test_an_unproven_comment_that_is_split_off_has_no_priority_of_its_own() -> None:
    said = entry(verified=False, kind=EventKind.UNVERIFIED)
    assert opened(moved(said, 0, about())[1]).priority is Priority.LESS_URGENT


def test_only_a_token_of_that_ticket_counts() -> None:
    other = Clue(Reason.THREAD_TOKEN, 12, token_class=TokenClass.PERSON, token_row=2)
    mine = Clue(Reason.THREAD_FOREIGN_ID, message_id="<1@list.example>")
    open_one = replace(about(), number=12, held=None)
    facts = Facts(WORLD, PEOPLE, found=((mine, closed()), (other, open_one)))
    assert kept(opened(decide(by(STRANGER, AGAIN), facts, POLICY, NOW)[0])) == NOTHING

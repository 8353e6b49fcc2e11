"""Moving a comment, splitting one off, answers to merged tickets, and tickets that name others."""

from dataclasses import replace
from datetime import timedelta

import pytest

from parsers.errors import Refused
from router.decide import decide
from router.decision import Clue, Command, Decision, Facts
from router.leading import led_on
from router.naming import UNNUMBERED, name_each_other
from router.ticket import Entry, Moved, Participant, Relation, Ticket, TicketEvent, TicketKind, Tie
from router.tokens import TokenClass
from router.words import EventKind, MailKind, Outcome, Reason, Role, Status
from tests.router.replies import (
    LIST,
    PEOPLE,
    SITE,
    STRANGER,
    SUBMITTER,
    WORLD,
    about,
    text_to,
    told,
)
from tests.router.test_decision_table import NOW, POLICY
from tests.router.test_relations import JOE, joined, other

CARL = "Carl C. <carl@lab.example>"
FILES = (("trace.txt", 12),)


def entry(by: str = CARL, **fields: object) -> Entry:
    said = TicketEvent(
        EventKind.COMMENT, by, NOW - timedelta(hours=1), "Mine fails, too.", attachments=FILES
    )
    event_fields = {k: v for k, v in fields.items() if k in TicketEvent.__dataclass_fields__}
    rest = {k: v for k, v in fields.items() if k not in event_fields}
    event = replace(said, **event_fields)  # type: ignore[arg-type] # fields of an event
    return Entry(3, event, mail=5, message_id="<c@lab.example>", **rest)  # type: ignore[arg-type] # as above


def moved(
    one: Entry | None, to: int = 12, mine: Ticket | None = None, there: Ticket | None = None
) -> tuple[Decision, ...]:
    ticket = mine or about()
    facts = Facts(
        WORLD,
        PEOPLE,
        found=((Clue(Reason.THREAD_TAG, 7), ticket),),
        related={12: there or other()},
        entry=one,
    )
    asked = Command("move", 7, "root (command line)", "Wrong ticket.", entry=3, other=to)
    return decide(asked, facts, POLICY, NOW)


def test_a_comment_stands_in_both_histories_and_both_say_who_moved_it() -> None:
    left, here = moved(entry())
    (mark,) = left.events
    assert (mark.kind, mark.by, mark.at) == (EventKind.MOVED, "root (command line)", NOW)
    assert [(c.field, c.old, c.new) for c in mark.changes] == [("moved to", "entry 3", "#12")]
    said, came = here.events
    assert (said.text, said.by, said.attachments) == ("Mine fails, too.", CARL, FILES)
    assert (came.kind, came.by, came.text) == (EventKind.MOVED, mark.by, "Wrong ticket.")
    assert came.changes[0].old == "#7, entry 3, 2026-03-02 09:00 UTC"
    assert here.moved == Moved(7, 3, 5)
    assert here.thread_ids == ("<c@lab.example>",)
    assert told(here) == {JOE, LIST}
    assert text_to(here, JOE)["text"] == "Mine fails, too."
    assert [one.attachments_of for one in here.outgoing if one.recipient == LIST] == [5]
    assert [(p.role, p.address) for p in here.joins] == [(Role.CC, "carl@lab.example")]
    assert left.ticket is not None
    assert left.ticket.participants == about().participants


def test_an_internal_note_stays_internal_and_a_strangers_word_unproven() -> None:
    left, here = moved(entry(internal=True))
    assert told(left) | told(here) == {LIST}
    assert here.joins == ()
    assert all(one.internal for one in here.events)
    _, here = moved(entry(verified=False, kind=EventKind.UNVERIFIED))
    assert told(here) == {LIST}
    assert here.joins == ()
    assert not here.events[0].verified


WRONG = [
    ({}, {"one": None}, "has no entry 3; it has 1 to 1"),
    ({"kind": EventKind.OPENED}, {}, 'Entry 3 is "opened"; only comments'),
    ({"kind": EventKind.MOVED}, {}, 'Entry 3 is "moved"'),
    ({"moved_to": 9}, {}, "was moved to ticket 9 before"),
    ({}, {"to": 7}, "It is in that ticket already"),
    ({}, {"to": 13}, "There is no ticket 13"),
    ({}, {"there": other(held=Reason.UNPROVEN)}, "Ticket 12 is held"),
    ({}, {"there": other(status=Status.CLOSED)}, "Ticket 12 is closed, for good"),
    ({}, {"there": joined(other(), Tie.SURVIVOR, 9)}, "was merged into 9"),
    ({}, {"mine": about(held=Reason.UNPROVEN)}, "Ticket 7 is held"),
    ({}, {"mine": about(status=Status.VERIFIED)}, "Ticket 7 is verified, for good"),
    ({"internal": True}, {"to": 0}, "Entry 3 is internal"),
    ({"by": "root (command line)"}, {"to": 0}, "names no address"),
    ({"by": "support@helpdesk.example"}, {"to": 0}, "names no address"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "more", "says"), WRONG)
def test_what_cannot_be_moved_is_refused(
    fields: dict[str, object], more: dict[str, object], says: str
) -> None:
    given = {"one": entry(**fields), **more}
    with pytest.raises(Refused, match=says):
        moved(**given)  # type: ignore[arg-type] # by name


def test_a_comment_that_is_split_off_is_its_authors_ticket() -> None:
    left, new = moved(entry(), 0)
    assert new.ticket is not None
    assert (new.ticket.number, new.ticket.kind) == (0, TicketKind.USER)
    assert new.ticket.submitter == "carl@lab.example"
    assert (new.ticket.support_unit, new.ticket.notified_site) == ("NGI_DE", "FZK-LCG2")
    assert new.ticket.status is Status.ASSIGNED
    assert [one.kind for one in new.events] == [EventKind.OPENED, EventKind.MOVED]
    assert new.ties == (Relation(Tie.CROSS, 7),)
    assert told(new, MailKind.RECEIPT) == {"carl@lab.example"}
    assert told(new, MailKind.NOTIFICATION) == {LIST}
    assert told(new, MailKind.SITE_NOTIFICATION) == {SITE}
    assert SUBMITTER not in told(new)
    assert left.events[0].changes[0].new == UNNUMBERED
    numbered = replace(new, ticket=replace(new.ticket, number=100009, version=1))
    left, _ = name_each_other((replace(left, ticket=about(version=2)), numbered))
    assert left.events[0].changes[0].new == "#100009"
    assert "#100009" in str(left.outgoing)
    assert UNNUMBERED not in str(left)


def test_who_was_not_proven_opens_no_ticket_that_answers_them() -> None:
    _, new = moved(entry(verified=False, kind=EventKind.UNVERIFIED), 0)
    assert "carl@lab.example" not in told(new)
    assert [p.verified for p in new.joins if p.role is Role.SUBMITTER] == [False]


@pytest.mark.parametrize(
    ("shown", "address"),
    [
        ("Doe, Carl <carl@lab.example>", "carl@lab.example"),
        ("carl@lab.example", "carl@lab.example"),
        (f"Eve <eve@evil.example>, by the reply address of {SUBMITTER},", SUBMITTER),
    ],
)
def test_the_author_of_what_came_by_a_reply_address_is_its_holder(shown: str, address: str) -> None:
    _, new = moved(entry(by=shown), 0)
    assert new.ticket is not None
    assert new.ticket.submitter == address


def test_an_alarm_is_left_to_its_site_and_its_pagers_move_nowhere() -> None:
    pager = Participant(Role.ALARM, "alarm@fzk.example", row=8)
    alarm = about(TicketKind.ALARM, participants=(*about().participants, pager))
    for to in (0, 12):
        left, here = moved(entry(), to, alarm)
        assert left.ticket is not None
        assert here.ticket is not None
        assert Role.ALARM not in {p.role for p in (*here.joins, *here.ticket.participants)}
        assert here.ticket.kind is TicketKind.USER
        assert left.ticket.paging == alarm.paging
        assert MailKind.ALARM not in {one.kind for one in (*left.outgoing, *here.outgoing)}


def test_answers_to_a_merged_ticket_lead_to_the_survivor_but_those_of_a_site() -> None:
    first = joined(about(), Tie.SURVIVOR, 12)
    second = joined(other(12), Tie.SURVIVOR, 13)
    reader = Participant(Role.CC, SUBMITTER.upper(), row=77)
    last = replace(other(13), participants=(*other(13).participants, reader))
    known = {12: second, 13: last}
    person = Clue(Reason.THREAD_TOKEN, 7, token_class=TokenClass.PERSON, token_row=1)
    site = replace(person, token_class=TokenClass.SITE, token_row=4)
    stranger = Clue(Reason.THREAD_FOREIGN_ID, message_id="<a@b.example>")
    bounce = Clue(Reason.BOUNCED, ticket=7)
    found = led_on([(one, first) for one in (person, site, stranger, bounce)], known.get)
    assert [ticket.number for _, ticket in found] == [13, 7, 13, 7]
    assert found[0][0] == replace(person, token_row=77, led_from=7, holder=SUBMITTER)
    assert found[1][0] == site
    unknown = replace(person, token_row=3)  # the site's contact takes no part there
    assert led_on([(unknown, first)], known.get)[0][0].token_row == 0
    assert STRANGER not in str(found)


def test_tickets_that_are_opened_together_name_each_other() -> None:
    event = TicketEvent(EventKind.OPENED, JOE, NOW, "x")
    tie = (Relation(Tie.CROSS, 0),)
    new = [
        Decision(Outcome.NEW, (), ticket=replace(other(n), version=1), events=(event,), ties=tie)
        for n in (21, 22, 23)
    ]
    one, *_ = name_each_other(new)
    assert one.ties == (Relation(Tie.CROSS, 22), Relation(Tie.CROSS, 23))
    assert one.ticket is not None
    assert one.ticket.relations == one.ties
    assert one.events[0].changes[0].new == "#22, #23"
    assert name_each_other(new[:1])[0].ties == ()

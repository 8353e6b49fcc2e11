"""What tickets may be to each other: every row of the rules, right and wrong, as replies."""

from dataclasses import replace

import pytest

from parsers.errors import Refused
from router.decide import decide
from router.decision import Clue, Command, Decision, Facts, Mail
from router.relations import MOST, MOST_CROSS, OPPOSITE
from router.ticket import Paging, Participant, Relation, Ticket, TicketKind, Tie
from router.tokens import TokenClass
from router.words import FINAL, EventKind, MailKind, Reason, Role, Status
from tests.router.replies import (
    LIST,
    OTHER,
    PEOPLE,
    SITE,
    STRANGER,
    SUBMITTER,
    SUPPORTER,
    TEAM,
    WORLD,
    about,
    by,
    changes,
    text_to,
    told,
)
from tests.router.test_decision_table import NOW, POLICY

JOE = "joe@lab.example"


def other(number: int = 12, **fields: object) -> Ticket:
    """Return another ticket, of somebody else, at the same unit."""
    people = (
        Participant(Role.SUBMITTER, JOE, row=number * 10 + 1),
        Participant(Role.SUPPORTER, LIST, "NGI_DE", row=number * 10 + 2),
    )
    given: dict[str, object] = {"participants": people, "submitter": JOE, "vo": "", **fields}
    return replace(about(), number=number, **given)  # type: ignore[arg-type] # fields of a ticket


def joined(ticket: Ticket, what: Tie, *numbers: int) -> Ticket:
    return replace(ticket, relations=tuple(Relation(what, number) for number in numbers))


def all_after(one: Mail, ticket: Ticket, *related: Ticket, **more: object) -> tuple[Decision, ...]:
    """Return all decisions because of a reply; related tickets are known by their numbers."""
    clue = Clue(Reason.THREAD_TOKEN, 7, token_class=TokenClass.PERSON, token_row=2)
    known = {there.number: there for there in related}
    facts = Facts(WORLD, PEOPLE, found=((clue, ticket),), related=known, **more)  # type: ignore[arg-type] # fields of Facts
    return decide(one, facts, POLICY, NOW)


LINES = [
    ("Master: #12", Tie.MASTER, Status.ON_HOLD, Status.ASSIGNED),
    ("Parent: 12", Tie.PARENT, Status.ASSIGNED, Status.ON_HOLD),
    ("Duplicate of: #12", Tie.ORIGINAL, Status.UNSOLVED, Status.ASSIGNED),
    ("Merge into: #12", Tie.SURVIVOR, Status.UNSOLVED, Status.ASSIGNED),
    ("Cross reference: #12", Tie.CROSS, Status.ASSIGNED, Status.ASSIGNED),
]


@pytest.mark.parametrize(("line", "what", "mine", "theirs"), LINES)
def test_a_relation_stands_in_both_tickets_and_says_who_made_it(
    line: str, what: Tie, mine: Status, theirs: Status
) -> None:
    one, there = all_after(by(SUPPORTER, f"{line}\n\nWhy."), about(), other())
    assert one.ticket is not None
    assert there.ticket is not None
    assert one.ties == (Relation(what, 12),)
    assert there.ties == (), "one side writes it"
    assert one.ticket.relations == (Relation(what, 12),)
    assert there.ticket.relations == (Relation(OPPOSITE[what], 7),)
    assert changes(one)[str(what)] == ("", "#12")
    assert changes(there)[str(OPPOSITE[what])] == ("", "#7")
    assert (one.ticket.status, there.ticket.status) == (mine, theirs)
    (entry,) = there.events
    assert (entry.kind, entry.by) == (EventKind.RELATED, SUPPORTER)
    assert one.events[-1].by == SUPPORTER
    assert LIST in told(one) & told(there)
    assert text_to(there, LIST)["relations"] == f"{OPPOSITE[what]} #7"


def gone(what: Tie) -> Ticket:
    return other(relations=(Relation(what, 99),))


FULL = [
    ("Master", Tie.SLAVE, "15 slaves"),
    ("Parent", Tie.CHILD, "15 children"),
    ("Duplicate of", Tie.COPY, "15 duplicates"),
    ("Merge into", Tie.MERGED, "15 duplicates"),
    ("Duplicate of", Tie.MERGED, "15 duplicates"),
]
FIRING = about(TicketKind.ALARM, paging=Paging(paged_at=NOW))
BELOW = ("Master", "Parent", "Duplicate of", "Merge into")
LIVE = ("Master", "Parent")
REFUSED = [
    *((key, about(), other(), "#7", "a ticket has no relation to itself") for key in BELOW),
    ("Cross reference", about(), other(), "#7", "a ticket has no relation to itself"),
    *((key, about(), other(), "#13", "no ticket #13 that you may steer") for key in BELOW),
    *((key, about(), other(), "twelve", "the number of one ticket") for key in BELOW),
    *((key, about(), other(), "#12, #13", "the number of one ticket") for key in BELOW),
    *((key, about(), other(), "none", f"it {has}, so there is nothing to end") for key, has in (
      ("Master", "has no master"), ("Parent", "has no parent"), ("Duplicate of", "is no duplicate"),
      ("Merge into", "is not merged into another ticket"))),
    ("Cross reference", about(), other(), "none", "it takes numbers of tickets"),
    ("Cross reference", about(), other(), "http://x.example", "it takes numbers of tickets"),
    *((key, about(), other(held=Reason.UNPROVEN), "#12", "#12 is held") for key in BELOW),
    *(
        (key, about(), other(status=status), "#12", f"#12 is {status}")
        for key in ("Master", "Parent", "Merge into")
        for status in (Status.SOLVED, Status.UNSOLVED, *sorted(FINAL))
    ),
    *(
        (key, about(), other(status=status), "#12", f"#12 is {status}, for good; it takes one that")
        for key in ("Duplicate of", "Cross reference")
        for status in sorted(FINAL)
    ),
    *(
        (key, about(status=status), other(), "#12", "please reopen it first")
        for key in BELOW
        for status in (Status.SOLVED, Status.UNSOLVED)
    ),
    *(
        (key, joined(about(), what, 99), other(), "#12", "#99 already, and a ticket has one")
        for key in BELOW
        for what in (Tie.MASTER, Tie.PARENT)
    ),
    *((key, joined(about(), Tie.SLAVE, 98, 99), other(), "#12", "(#98, #99)") for key in BELOW),
    *((key, joined(about(), Tie.CHILD, 98), other(), "#12", "wait for it") for key in BELOW),
    *((key, about(), gone(Tie.MASTER), "#12", "itself a slave of #99") for key in LIVE),
    *((key, about(), gone(Tie.PARENT), "#12", "itself a child of #99") for key in LIVE),
    *((key, about(), gone(Tie.ORIGINAL), "#12", "please name #99") for key in BELOW),
    *((key, about(), gone(Tie.SURVIVOR), "#12", "please name #99") for key in BELOW),
    *((key, about(), joined(other(), what, *range(50, 65)), "#12", s) for key, what, s in FULL),
    ("Cross reference", about(), joined(other(), Tie.CROSS, *range(50, 90)), "#12", "40 cross"),
    ("Master", joined(about(), Tie.MASTER, 12), other(), "#12", "a slave of #12 already"),
    ("Parent", joined(about(), Tie.CHILD, 12), other(), "#12", "#12 is its child"),
    ("Cross reference", joined(about(), Tie.CROSS, 12), other(), "#12", "cross reference already"),
    ("Cross reference", joined(about(), Tie.MASTER, 12), other(), "#12", "Unlink: #12"),
    *((key, FIRING, other(), "#12", "nobody has answered its alarm") for key in ("Master",
      "Duplicate of", "Merge into")),
    ("Parent", about(), replace(FIRING, number=12), "#12", "nobody has answered the alarm of #12"),
    ("Unlink", about(), other(), "#12", "#12 has no relation to this ticket; there is: none"),
    ("Unlink", joined(about(), Tie.MASTER, 9), other(), "#12", "there is: master #9"),
    ("Unlink", about(), other(), "all", "it takes numbers of tickets"),
]  # fmt: skip


@pytest.mark.parametrize("key", ["Duplicate of", "Cross reference"])
@pytest.mark.parametrize("status", [Status.SOLVED, Status.UNSOLVED])
def test_a_ticket_that_may_be_reopened_is_still_referred_to(key: str, status: Status) -> None:
    one, there = all_after(by(SUPPORTER, f"{key}: #12\n"), about(), other(status=status))
    assert [tie.ticket for tie in one.ties] == [12]
    assert there.ticket is not None
    assert there.ticket.status is status


@pytest.mark.parametrize(("key", "mine", "there", "value", "says"), REFUSED)
def test_what_cannot_be_is_refused_in_words_and_keeps_the_comment(
    key: str, mine: Ticket, there: Ticket, value: str, says: str
) -> None:
    (one,) = all_after(by(SUPPORTER, f"{key}: {value}\n\nMy comment."), mine, there)
    assert one.ticket is not None
    assert replace(one.ticket, timing=None) == replace(mine, updated_at=NOW), "nothing changed"
    assert (one.ties, one.unties) == ((), ())
    assert one.events[-1].text.endswith("My comment.")
    (answer,) = [o for o in one.outgoing if o.kind is MailKind.REFUSAL]
    assert says in str(answer.values["notes"])
    assert f"{key}: {value}" in str(answer.values["notes"])


def test_the_limits_are_those_that_are_documented() -> None:
    assert (MOST, MOST_CROSS) == (15, 40)


@pytest.mark.parametrize("what", [Tie.SLAVE, Tie.CHILD, Tie.COPY])
def test_the_fifteenth_is_taken(what: Tie) -> None:
    key = {Tie.SLAVE: "Master", Tie.CHILD: "Parent", Tie.COPY: "Duplicate of"}[what]
    there = joined(other(status=Status.ON_HOLD), what, *range(50, 64))
    one, _ = all_after(by(SUPPORTER, f"{key}: #12"), about(), there)
    assert len(one.ties) == 1


def test_two_masters_at_once_are_refused_both() -> None:
    mail = by(SUPPORTER, "Master: #12\nMaster: #13\n\nText.")
    (one,) = all_after(mail, about(), other(), other(13))
    assert one.ties == ()
    assert "given twice with different values" in str(one.outgoing)


def test_the_same_line_twice_is_one_line() -> None:
    one, _ = all_after(by(SUPPORTER, "Master: #12\nMaster: #12"), about(), other())
    assert one.ties == (Relation(Tie.MASTER, 12),)
    assert Reason.LINE_NOT_FOLLOWED not in one.reasons


@pytest.mark.parametrize("key", [*BELOW, "Unlink"])
@pytest.mark.parametrize("who", [SUBMITTER, STRANGER, OTHER])
def test_who_is_no_supporter_of_the_ticket_relates_nothing(who: str, key: str) -> None:
    (one,) = all_after(by(who, f"{key}: #12\n\nText."), about(), other())
    assert one.ticket is not None
    assert one.ticket.relations == ()
    assert Reason.LINE_NOT_ALLOWED in one.reasons


@pytest.mark.parametrize("key", [*BELOW, "Cross reference"])
def test_a_ticket_that_the_supporter_may_not_steer_is_as_good_as_unknown(key: str) -> None:
    """Sue supports VOSupport, which has ticket 7; ticket 12 is none of her business."""
    mine = about(support_unit="VOSupport")
    mail = by(OTHER, f"{key}: #12\n\nText.")
    (there,) = all_after(mail, mine, other(support_unit="NGI_DE"))
    (unknown,) = all_after(mail, mine)
    notes = [text_to(one, OTHER)["notes"] for one in (there, unknown)]
    assert notes[0] == notes[1]
    assert "that you may steer" in str(notes[0])


def test_a_team_refers_from_its_own_ticket_to_its_own_ticket_and_no_further() -> None:
    mine = about(TicketKind.TEAM)
    ours = replace(other(), kind=TicketKind.TEAM, vo="atlas")
    assert len(all_after(by(TEAM, "Cross reference: #12"), mine, ours)) == 2
    assert len(all_after(by(TEAM, "Cross reference: #12"), mine, other())) == 1
    (one,) = all_after(by(TEAM, "Master: #12"), mine, ours)
    assert Reason.LINE_NOT_ALLOWED in one.reasons
    linked = joined(mine, Tie.MASTER, 12)
    (one,) = all_after(by(TEAM, "Unlink: #12"), linked, joined(ours, Tie.SLAVE, 7))
    assert Reason.LINE_NOT_ALLOWED in one.reasons


def test_a_duplicate_names_the_other_and_its_submitter_reads_on_there() -> None:
    one, there = all_after(by(SUPPORTER, "Duplicate of: #12"), about(), other())
    assert one.ticket is not None
    assert one.ticket.solution == "A duplicate of #12."
    assert SUBMITTER in told(one), "whatever they want to be told"
    assert [(p.role, p.address) for p in there.joins] == [(Role.CC, SUBMITTER)]
    knows = other(participants=(*other().participants, Participant(Role.CC, SUBMITTER, row=9)))
    _, there = all_after(by(SUPPORTER, "Duplicate of: #12"), about(), knows)
    assert there.joins == ()


def test_a_duplicates_submitter_who_is_only_a_stranger_there_becomes_a_reader() -> None:
    stranger = Participant(Role.STRANGER, SUBMITTER, verified=False, row=9)
    there = other(participants=(*other().participants, stranger))
    _, there_after = all_after(by(SUPPORTER, "Duplicate of: #12"), about(), there)
    assert [(p.role, p.address, p.verified) for p in there_after.joins] == [
        (Role.CC, SUBMITTER, True)
    ]


def test_who_reads_a_merged_ticket_reads_the_survivor_and_nothing_internal() -> None:
    people = (
        *about().participants,
        Participant(Role.INVOLVED, "expert@x.example", row=5),
        Participant(Role.SUBSCRIBER, "sub@x.example", row=6),
        Participant(Role.STRANGER, STRANGER, verified=False, row=7),
        Participant(Role.ALARM, "alarm@fzk.example", row=8),
        Participant(Role.CC, JOE, row=9),
        Participant(Role.CC, "forged@x.example", verified=False, row=10),
    )
    _, there = all_after(by(SUPPORTER, "Merge into: #12"), about(participants=people), other())
    assert {(p.role, p.address) for p in there.joins} == {
        (Role.CC, SUBMITTER),
        (Role.CC, "expert@x.example"),
        (Role.SUBSCRIBER, "sub@x.example"),
    }
    assert SITE not in {p.address for p in there.joins}


def test_an_operator_does_the_same_by_the_same_rules() -> None:
    from parsers.block import Field

    clue = Clue(Reason.THREAD_TAG, 7)
    facts = Facts(WORLD, PEOPLE, found=((clue, about()),), related={12: other()})
    ask = Command("steer", 7, "root", lines=(Field("master", "#12", "Master: #12"),))
    one, there = decide(ask, facts, POLICY, NOW)
    assert one.ties == (Relation(Tie.MASTER, 12),)
    assert there.events[0].by == "root"
    with pytest.raises(Refused, match=r"there is no ticket #12\."):
        decide(ask, replace(facts, related={}), POLICY, NOW)

"""What the clock says and to whom: together, late, to nobody, and with the question quoted."""

from dataclasses import replace
from datetime import timedelta

import pytest

from router.decide import decide
from router.decision import Due, Facts, Policy
from router.limits import Limits, LimitTable
from router.lines.noting import REMIND
from router.ticket import Paging, Participant, Ticket, TicketEvent, TicketKind
from router.ticking import MAX_LISTED, RECOUNT, TICK
from router.timers import STEPS, Process, Step, Whom
from router.timing import timed
from router.transitions import TRANSITIONS
from router.words import EventKind, MailKind, Priority, Reason, Role, Status
from tests.router.lives import MONDAY, RULES, Life, at
from tests.router.replies import DESK, LIST, PEOPLE, SITE, SUBMITTER, WORLD, about

ASKED = TicketEvent(EventKind.COMMENT, "Rosa <rosa@roc.example>", MONDAY, "Which files?")


def waiting(**more: object) -> Life:
    life = Life(**more)  # type: ignore[arg-type] # fields of a life
    life.turn(status=Status.WAITING)
    return life


def many(number: int, status: Status = Status.ASSIGNED, policy: Policy = RULES) -> list[Ticket]:
    """Tickets of one unit, all of the same moment."""
    lives = [Life(policy, ticket=about(number=n + 1)) for n in range(number)]
    for life in lives:
        life.turn(status=status)
    return [life.ticket for life in lives]


# ---- overdue ----


def test_what_nobody_did_in_time_is_one_reminder_that_says_so() -> None:
    life = Life()
    assert life.tick("03-20 10:00") == [f"reminder -> {LIST}"]
    assert "3 reminders have fallen due together" in life.why
    assert life.due == "04-03 10:00", "ten working days after it was done, not after it was due"
    assert life.tick("03-20 10:01") == []


def test_no_submitter_is_left_to_first_line_without_a_reminder() -> None:
    life = waiting()
    assert life.tick("06-01 10:00") == [f"reminder -> {SUBMITTER}"]
    assert "2 reminders have fallen due together" in life.why
    assert "the last reminder" in life.why
    assert life.tick("06-01 10:01") == []
    assert life.tick("06-08 10:00") == [f"reminder -> {DESK}"]


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (4, "4 working minutes"),
        (60, "1 working hour"),
        (84, "1.4 working hours"),
        (100, "100 working minutes"),
        (480, "8 working hours"),
    ],
)
def test_a_limit_is_said_as_people_say_it(minutes: int, said: str) -> None:
    limits = Limits(dict.fromkeys(Priority, timedelta(minutes=minutes)))
    life = Life(replace(RULES, limits=LimitTable(limits)))
    assert life.tick(life.due) == [f"reminder -> {LIST}"]
    assert f"75 % of the time for it ({said}) have passed" in life.why


@pytest.mark.parametrize(
    ("done", "due"),
    [
        ("03-09 09:00", "03-16 09:00"),
        ("03-09 10:00", "03-16 09:00"),
        ("03-09 10:01", "03-16 10:01"),
    ],
)
def test_a_step_within_an_hour_counts_from_its_time_and_a_later_one_from_its_own(
    done: str, due: str
) -> None:
    life = Life()
    life.tick("03-05 15:00")
    life.tick(done)
    assert life.due == due


def test_a_step_done_is_not_done_again_whoever_asks() -> None:
    life = Life()
    life.tick("03-05 15:00")
    facts = Facts(WORLD, PEOPLE, listed=(life.ticket,))
    (again,) = decide(Due(TICK), facts, RULES, at("03-05 15:01"))
    assert (again.events, again.outgoing) == ((), ())


# ---- who is told ----


def without(role: Role, *instead: Participant) -> Ticket:
    ticket = about()
    others = tuple(one for one in ticket.participants if one.role is not role)
    return replace(ticket, participants=(*others, *instead))


@pytest.mark.parametrize(
    "instead",
    [
        (),
        (Participant(Role.SUBMITTER, SUBMITTER, verified=False, row=9),),
        (Participant(Role.SUBMITTER, "support@helpdesk.example", row=9),),
        (Participant(Role.SUBMITTER, "reply+x@helpdesk.example", row=9),),
    ],
    ids=["nobody", "unverified", "our own", "a reply address"],
)
def test_a_submitter_whom_nobody_can_write_to_is_first_lines_care(
    instead: tuple[Participant, ...],
) -> None:
    life = waiting(ticket=without(Role.SUBMITTER, *instead))
    assert life.tick(life.due) == [f"reminder -> {DESK}"]
    assert "no address is known for the submitter" in life.why
    assert life.events[-1].internal


def test_a_unit_without_an_address_is_first_lines_care() -> None:
    life = Life(ticket=without(Role.SUPPORTER))
    assert life.tick(life.due) == [f"reminder -> {DESK}"]
    assert "no address is known for NGI_DE" in life.why


def test_first_line_that_has_no_address_either_is_noted_in_the_history() -> None:
    life = Life(replace(RULES, first_line="Gone", operator=()), ticket=without(Role.SUPPORTER))
    assert life.tick(life.due) == []
    assert "nobody: no address is known" in life.events[-1].text


def test_the_unit_and_its_person_are_told_once_each_and_nobody_else() -> None:
    person = Participant(Role.SUPPORTER, "rosa@roc.example", row=8)
    twice = Participant(Role.SUPPORTER, LIST.upper(), row=9)
    ticket = about()
    life = Life(ticket=replace(ticket, participants=(*ticket.participants, person, twice)))
    assert sorted(map(str.lower, life.tick(life.due))) == [
        f"reminder -> {LIST}",
        "reminder -> rosa@roc.example",
    ]
    assert SITE not in str(life.mails)


def test_first_line_joins_the_ticket_that_it_has_to_look_at() -> None:
    life = waiting()
    for _ in range(3):
        life.tick(life.due)
    assert [one.address for one in life.ticket.participants if one.role is Role.INVOLVED] == [DESK]


# ---- what is said ----


def test_a_reminder_quotes_the_question_and_says_when_it_is_the_last() -> None:
    life = waiting(asked={7: ASKED})
    life.tick(life.due)
    assert (life.mails[0].values["text"], life.mails[0].values["author"]) == (ASKED.text, ASKED.by)
    assert "asked on 2 March 2026" in life.why
    assert "last" not in life.why
    life.tick(life.due)
    assert "the last reminder" in life.why


def test_a_submitters_own_words_are_not_quoted_as_a_question() -> None:
    own = replace(ASKED, by=f"Anne <{SUBMITTER}>", text="My words")
    life = waiting(asked={7: own})
    life.tick(life.due)
    assert life.mails[0].values["text"] == ""


def test_first_line_hears_that_the_clock_ends_only_when_it_does() -> None:
    life = waiting()
    life.tick("06-01 10:00")
    life.tick("06-08 10:00")
    assert "The clock does nothing more" in life.why
    early = (Step(Whom.FIRST_LINE, days=1), Step(Whom.SUBMITTER, days=1))
    life = waiting(policy=replace(RULES, steps={**STEPS, Process.WAITING: early}))
    life.tick(life.due)
    assert "nothing more" not in life.why


@pytest.mark.parametrize(("number", "kind"), [(1, "reminder"), (2, "reminder-digest")])
def test_several_tickets_for_one_reader_are_one_mail_and_each_has_its_address(
    number: int, kind: str
) -> None:
    facts = Facts(WORLD, PEOPLE, listed=tuple(many(number)))
    found = decide(Due(TICK), facts, RULES, at("03-05 15:00"))
    mails = [mail for one in found for mail in one.outgoing]
    assert [(one.kind, one.recipient) for one in mails] == [(MailKind(kind), LIST)]
    assert len(mails[0].lists) == (number if number > 1 else 0)
    assert sum(len(one.events) for one in found) == number


def test_all_that_is_looked_at_together_fits_into_one_list() -> None:
    facts = Facts(WORLD, PEOPLE, listed=tuple(many(MAX_LISTED)))
    found = decide(Due(TICK), facts, RULES, at("03-05 15:00"))
    (mail,) = (mail for one in found for mail in one.outgoing)
    assert len(mail.lists) == mail.values["total"] == MAX_LISTED


# ---- the end ----


def test_closing_goes_through_the_life_of_tickets(monkeypatch: pytest.MonkeyPatch) -> None:
    life = Life()
    life.turn(status=Status.SOLVED)
    monkeypatch.delitem(TRANSITIONS, (Status.SOLVED, Status.CLOSED))  # type: ignore[arg-type] # a dict
    life.tick(life.due)
    assert life.ticket.status is Status.SOLVED
    assert life.events == []
    assert life.due == "never", "and is not tried for ever"


# ---- other rules, and a day that was asked for ----


def test_a_recount_begins_the_clock_of_an_old_ticket_now_and_says_nothing() -> None:
    old, known = about(number=1), many(1)[0]
    facts = Facts(WORLD, PEOPLE, listed=(old, replace(known, number=2)))
    (one,) = decide(Due(RECOUNT), facts, RULES, at("05-04 09:00"))
    assert one.ticket is not None
    assert one.ticket.timing is not None
    assert (one.ticket.number, one.ticket.timing.base) == (1, at("05-04 09:00"))
    assert (one.events, one.outgoing) == ((), ())


def test_a_recount_by_shorter_limits_sets_only_what_changes() -> None:
    shorter = replace(RULES, limits=LimitTable(Limits({})))
    facts = Facts(WORLD, PEOPLE, listed=tuple(many(2)))
    found = decide(Due(RECOUNT), facts, shorter, MONDAY)
    assert [one.ticket.timing.due_at for one in found if one.ticket and one.ticket.timing] == [
        None,
        None,
    ]


def test_days_that_somebody_asked_for_are_one_mail_and_skip_what_is_solved() -> None:
    tickets = many(3)
    tickets[1] = replace(tickets[1], status=Status.SOLVED)
    facts = Facts(WORLD, PEOPLE, listed=tuple(tickets))
    found = decide(Due(REMIND, detail=LIST), facts, RULES, MONDAY)
    (mail,) = (mail for one in found for mail in one.outgoing)
    assert (mail.kind, mail.lists) == (
        MailKind.REMINDER_DIGEST,
        ((1, Role.SUPPORTER), (3, Role.SUPPORTER)),
    )
    assert {reason for one in found for reason in one.reasons} == {Reason.REMIND_ON}
    assert all(one == timed(one, RULES, MONDAY) for one in found)


def test_the_clock_of_a_firing_alarm_asks_its_unit_and_wakes_nobody() -> None:
    pager = Participant(Role.ALARM, "alarm@fzk.example", "FZK-LCG2", row=8)
    ticket = about(TicketKind.ALARM, paging=Paging(paged_at=MONDAY))
    life = Life(ticket=replace(ticket, participants=(*ticket.participants, pager)))
    told = []
    while life.due != "never":
        told += life.tick(life.due)
    assert told == [*[f"reminder -> {LIST}"] * 3, f"reminder -> {DESK}"]
    assert life.ticket.paging == Paging(paged_at=MONDAY)

"""What happens to one ticket because of another: masters, parents, duplicates, and what is told."""

from dataclasses import replace

import pytest

from parsers.alarm import AlarmStatus
from router.alarming import alarm_status
from router.decision import Decision
from router.ticket import Paging, Participant, Relation, Ticket, TicketKind, Tie
from router.transitions import TRANSITIONS, Actor
from router.words import FINAL, MailKind, Notify, Reason, Role, Status
from tests.router.replies import (
    DESK,
    LIST,
    SITE,
    SUBMITTER,
    SUPPORTER,
    about,
    by,
    changes,
    text_to,
    told,
)
from tests.router.test_decision_table import NOW
from tests.router.test_relations import JOE, all_after, joined, other

OPEN = sorted(set(Status) - FINAL - {Status.SOLVED, Status.UNSOLVED})
SUE = "sue@lab.example"


def slave(number: int = 12, submitter: str = JOE, **fields: object) -> Ticket:
    people = (
        Participant(Role.SUBMITTER, submitter, row=number * 10 + 1),
        Participant(Role.SUPPORTER, LIST, "NGI_DE", row=number * 10 + 2),
        Participant(Role.CC, "both@x.example", row=number * 10 + 3),
    )
    given: dict[str, object] = {"status": Status.ON_HOLD, "participants": people, **fields}
    one = replace(other(number), submitter=submitter, **given)  # type: ignore[arg-type] # as there
    return joined(one, Tie.MASTER, 7)


def master(*slaves: int, **fields: object) -> Ticket:
    return joined(about(**fields), Tie.SLAVE, *(slaves or (12,)))


def after_of(decisions: tuple[Decision, ...], number: int) -> Decision:
    (one,) = [d for d in decisions if d.ticket is not None and d.ticket.number == number]
    return one


def test_a_masters_solution_solves_its_slaves_and_tells_their_people() -> None:
    mail = by(SUPPORTER, "Status: solved\nSolution: A cable.\n\nSorry for that.")
    decisions = all_after(mail, master(12, 13), slave(), slave(13, SUE))
    for number, submitter in ((12, JOE), (13, SUE)):
        one = after_of(decisions, number)
        assert one.ticket is not None
        assert (one.ticket.status, one.ticket.solution) == (Status.SOLVED, "A cable.")
        assert changes(one)["status"] == ("on hold", "solved")
        assert one.events[0].by == SUPPORTER
        values = text_to(one, submitter)
        assert values["solution"] == "A cable."
        assert values["text"] == "Sorry for that."
        assert "solved with its master, #7" in str(values["notes"])
        assert told(one, MailKind.SOLUTION) >= {submitter}
        assert LIST not in told(one), "the unit has read the master's"
        assert one.beside


def test_the_one_mail_to_a_unit_of_several_names_the_slaves_that_are_solved_with_it() -> None:
    theirs = {"participants": (Participant(Role.SUPPORTER, "it@x.example", "NGI_IT"),)}
    mail = by(SUPPORTER, "Status: solved\n\nA cable.")
    slaves = (slave(), slave(13, SUE), slave(14, **theirs), slave(15, **theirs))
    done = slave(16, status=Status.SOLVED)
    decisions = all_after(mail, master(12, 13, 14, 15, 16), *slaves, done)
    assert text_to(decisions[0], LIST)["with_it"] == "#12, #13"
    assert text_to(decisions[0], SUBMITTER)["with_it"] == ""
    assert text_to(after_of(decisions, 14), "it@x.example")["with_it"] == "#15"
    assert told(after_of(decisions, 15)) == set()
    alone, followed = all_after(mail, master(14), slave(14, **theirs))
    assert text_to(alone, LIST)["with_it"] == text_to(followed, "it@x.example")["with_it"] == ""


@pytest.mark.parametrize("status", OPEN)
def test_every_open_slave_is_solved_whatever_it_is(status: Status) -> None:
    decisions = all_after(by(SUPPORTER, "Status: solved\n\nOk."), master(), slave(status=status))
    one = after_of(decisions, 12)
    assert one.ticket is not None
    assert one.ticket.status is Status.SOLVED
    assert Actor.SYSTEM in TRANSITIONS[status, Status.SOLVED].by


@pytest.mark.parametrize("status", sorted(set(Status) - set(OPEN)))
def test_a_slave_that_is_done_stays_as_it_is(status: Status) -> None:
    decisions = all_after(by(SUPPORTER, "Status: solved\n\nOk."), master(), slave(status=status))
    assert len(decisions) == 1


def test_a_master_that_is_given_up_lets_its_slaves_go_and_a_person_looks() -> None:
    decisions = all_after(by(SUPPORTER, "Status: unsolved\n\nWill not."), master(), slave())
    one = after_of(decisions, 12)
    assert one.ticket is not None
    assert one.ticket.status is Status.IN_PROGRESS
    assert one.unties == (Relation(Tie.MASTER, 7),)
    assert one.ticket.relations == ()
    assert decisions[0].ticket is not None
    assert decisions[0].ticket.relations == ()
    assert changes(decisions[0])["slave"] == ("#12", "")
    assert "closed without a solution" in str(text_to(one, "both@x.example")["notes"])


def test_a_supporters_public_words_reach_the_slaves_people_once_each() -> None:
    decisions = all_after(by(SUPPORTER, "We wait for a disk."), master(12, 13), slave(), slave(13))
    first, second = after_of(decisions, 12), after_of(decisions, 13)
    assert told(first) == {JOE, "both@x.example"}
    assert told(second) == set(), "they have read it"
    assert text_to(first, JOE)["text"] == "We wait for a disk."
    assert "written to its master, #7" in str(text_to(first, JOE)["notes"])
    assert first.events[0].text == second.events[0].text == "We wait for a disk."
    assert first.ticket is not None
    assert first.ticket.status is Status.ON_HOLD


@pytest.mark.parametrize(
    "text",
    [
        "Status: waiting for reply\n\nWhich queue?",
        "Internal: yes\n\nSecret.",
        "Internal: yes\nStatus: in progress\n\nX",
    ],
)
def test_what_is_internal_to_a_master_stays_there(text: str) -> None:
    decisions = all_after(by(SUPPORTER, text), master(), slave())
    assert len(decisions) == 1


@pytest.mark.parametrize("proofs", [None, ()])
def test_what_others_write_to_a_master_is_not_its_slaves_business(
    proofs: tuple[()] | None,
) -> None:
    assert len(all_after(by(SUBMITTER, "My password is x.", proofs), master(), slave())) == 1
    assert len(all_after(by("x@y.example", "Buy.", proofs), master(), slave())) == 1


def test_an_acknowledged_alarm_that_is_solved_with_its_master_tells_its_site() -> None:
    alarm = Participant(Role.ALARM, "alarm@fzk.example", "FZK-LCG2", row=8)
    far = Paging(paged_at=about().opened_at, answered_at=about().opened_at)
    one = slave(kind=TicketKind.ALARM, paging=far, participants=(alarm,))
    decisions = all_after(by(SUPPORTER, "Status: solved\n\nOk."), master(), one)
    (page,) = after_of(decisions, 12).outgoing
    assert (page.kind, page.recipient) == (MailKind.ALARM, "alarm@fzk.example")
    assert page.values["alarm"]["event"] == "resolve"  # type: ignore[index] # a mapping


def parent(*children: int, **fields: object) -> Ticket:
    given = {"status": Status.ON_HOLD, **fields}
    return joined(replace(other(12), **given), Tie.CHILD, *children)  # type: ignore[arg-type]


def child(number: int = 7, **fields: object) -> Ticket:
    base = about(**fields) if number == 7 else other(number, **fields)
    return joined(base, Tie.PARENT, 12)


@pytest.mark.parametrize("word", ["solved", "unsolved"])
def test_the_last_child_lets_its_parent_go_on_and_the_unit_is_mailed(word: str) -> None:
    mail = by(SUPPORTER, f"Status: {word}\n\nOk.")
    sibling = child(13, status=Status.SOLVED)
    decisions = all_after(mail, child(), parent(7, 13), sibling)
    one = after_of(decisions, 12)
    assert one.ticket is not None
    assert one.ticket.status is Status.IN_PROGRESS
    assert changes(one)["child #7"] == ("assigned", word)
    assert LIST in told(one)
    assert "All its children are done: #7, #13." in str(text_to(one, LIST)["notes"])


def test_a_child_that_is_not_the_last_is_noted_in_silence() -> None:
    decisions = all_after(by(SUPPORTER, "Status: solved\n\nOk."), child(), parent(7, 13), child(13))
    one = after_of(decisions, 12)
    assert one.ticket is not None
    assert one.ticket.status is Status.ON_HOLD
    assert changes(one)["child #7"] == ("assigned", "solved")
    assert one.outgoing == ()


def test_a_reopened_child_makes_its_open_parent_wait_again() -> None:
    mail = by(SUPPORTER, "Status: reopened\n\nNo.")
    decisions = all_after(mail, child(status=Status.SOLVED), parent(7, status=Status.IN_PROGRESS))
    one = after_of(decisions, 12)
    assert one.ticket is not None
    assert one.ticket.status is Status.ON_HOLD
    solved = all_after(mail, child(status=Status.SOLVED), parent(7, status=Status.SOLVED))
    ticket = after_of(solved, 12).ticket
    assert ticket is not None
    assert ticket.status is Status.SOLVED, "what is done is not opened by itself"
    over = all_after(mail, child(status=Status.SOLVED), parent(7, status=Status.CLOSED))
    assert len(over) == 1, "the end takes nothing"


@pytest.mark.parametrize("word", ["solved", "unsolved"])
def test_a_parent_cannot_be_closed_before_its_children(word: str) -> None:
    mine = joined(about(status=Status.ON_HOLD), Tie.CHILD, 12, 13)
    mail = by(SUPPORTER, f"Status: {word}\n\nDone.")
    (one,) = all_after(mail, mine, child(12), child(13, status=Status.SOLVED))
    assert one.ticket is not None
    assert one.ticket.status is Status.ON_HOLD
    assert "its children are open: #12." in str(text_to(one, SUPPORTER)["notes"])
    done = child(12, status=Status.UNSOLVED)
    one, *_ = all_after(mail, mine, done, child(13, status=Status.SOLVED))
    assert one.ticket is not None
    assert str(one.ticket.status) == word


ENDS = [
    ("Master: none", Tie.MASTER, Status.ON_HOLD, Status.IN_PROGRESS),
    ("Unlink: #12", Tie.MASTER, Status.ON_HOLD, Status.IN_PROGRESS),
    ("Unlink: #12", Tie.SLAVE, Status.IN_PROGRESS, Status.IN_PROGRESS),
    ("Parent: none", Tie.PARENT, Status.ASSIGNED, Status.ASSIGNED),
    ("Unlink: 12", Tie.CHILD, Status.ON_HOLD, Status.IN_PROGRESS),
    ("Unlink: #12", Tie.CROSS, Status.ON_HOLD, Status.ON_HOLD),
    ("Duplicate of: none", Tie.ORIGINAL, Status.UNSOLVED, Status.UNSOLVED),
    ("Unlink: #12", Tie.SURVIVOR, Status.UNSOLVED, Status.UNSOLVED),
]


@pytest.mark.parametrize(("line", "what", "old", "new"), ENDS)
def test_a_relation_ends_from_either_side_and_who_waited_goes_on(
    line: str, what: Tie, old: Status, new: Status
) -> None:
    from router.relations import OPPOSITE

    waits = Status.ON_HOLD if what in {Tie.SLAVE, Tie.PARENT} else Status.ASSIGNED
    there = joined(other(status=waits), OPPOSITE[what], 7)
    one, their = all_after(by(SUPPORTER, line), joined(about(status=old), what, 12), there)
    assert one.ticket is not None
    assert their.ticket is not None
    assert one.unties == (Relation(what, 12),)
    assert (one.ticket.relations, their.ticket.relations) == ((), ())
    assert one.ticket.status is new
    assert changes(one)[str(what)] == ("#12", "")
    assert changes(their)[str(OPPOSITE[what])] == ("#7", "")
    expected = Status.IN_PROGRESS if waits is Status.ON_HOLD else waits
    assert their.ticket.status is expected


def test_a_reopened_duplicate_stands_for_itself_again() -> None:
    mine = joined(about(status=Status.UNSOLVED), Tie.ORIGINAL, 12)
    there = joined(other(), Tie.COPY, 7)
    one, their = all_after(by(SUPPORTER, "Status: reopened\n\nIt is not."), mine, there)
    assert one.ticket is not None
    assert (one.ticket.status, one.ticket.relations) == (Status.REOPENED, ())
    assert their.ticket is not None
    assert their.ticket.relations == ()
    assert DESK in told(one)


def test_from_one_relation_to_another_in_one_mail_is_one_entry_for_each_ticket() -> None:
    mine = joined(about(status=Status.ON_HOLD), Tie.MASTER, 12)
    there = joined(other(), Tie.SLAVE, 7)
    (one, their) = all_after(by(SUPPORTER, "Unlink: #12\nParent: #12"), mine, there)
    assert one.ticket is not None
    assert one.ticket.relations == (Relation(Tie.PARENT, 12),)
    assert their.ticket is not None
    assert their.ticket.relations == (Relation(Tie.CHILD, 7),)
    assert len(their.events) == 1
    assert Reason.BY_RELATION in their.reasons
    assert SITE in told(one)


def test_a_child_that_is_opened_again_answers_no_alarm_of_its_parent() -> None:
    """Its submitter would stop the pages of an alarm that nobody has seen."""
    people = (Participant(Role.SUBMITTER, SUBMITTER, row=1), Participant(Role.ALARM, SITE, row=2))
    alarm = other(
        12, kind=TicketKind.ALARM, status=Status.REOPENED, participants=people,
        paging=Paging(paged_at=NOW, round=2),
    )  # fmt: skip
    child = joined(about(status=Status.SOLVED), Tie.PARENT, 12)
    mail = by(SUBMITTER, "Reopen: yes\n\nStill.")
    one = after_of(all_after(mail, child, joined(alarm, Tie.CHILD, 7)), 12)
    assert one.ticket is not None
    assert one.ticket.status is Status.REOPENED
    assert alarm_status(one.ticket) is AlarmStatus.FIRING
    assert not told(one, MailKind.ALARM)
    assert changes(one)["child #7"] == ("solved", "reopened")


def test_a_merge_tells_nobody_who_has_subscribed_to_the_other() -> None:
    subscriber = Participant(Role.SUBSCRIBER, "quiet@x.example", row=5)
    ticket = about()
    ticket = replace(ticket, participants=(*ticket.participants, subscriber))
    keen = Participant(Role.CC, SUE, mode=Notify.ON_EVERY_CHANGE, row=123)
    survivor = other()
    survivor = replace(survivor, participants=(*survivor.participants, keen))
    one = after_of(all_after(by(SUPPORTER, "Merge into: #12"), ticket, survivor), 12)
    assert {(p.role, p.address) for p in one.joins} >= {(Role.SUBSCRIBER, "quiet@x.example")}
    assert SUE in told(one)
    assert "quiet@x.example" not in str([mail.values for mail in one.outgoing])
    assert changes(one)["subscriber"] == ("", "quiet@x.example"), "the history has it"
    assert changes(one)["cc"] == ("", SUBMITTER)

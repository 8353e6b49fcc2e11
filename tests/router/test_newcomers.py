"""What somebody reads who comes to a ticket later: what it is about, once, and nothing internal."""

from dataclasses import replace

import pytest

from router.decide import decide
from router.decision import Clue, Command, Decision, Facts, Mail
from router.ticket import Participant, Ticket, TicketEvent
from router.tokens import TokenClass
from router.words import AT_TERMINAL, EventKind, MailKind, Reason, Role, Status
from tests.router.lives import Life
from tests.router.replies import (
    DESK,
    FIRST_LINE,
    LIST,
    PEOPLE,
    SUBMITTER,
    SUPPORTER,
    WORLD,
    about,
    after,
    by,
    text_to,
)
from tests.router.test_decision_table import NOW, POLICY
from tests.router.test_relations import JOE, other

SOFIA, CHIARA = "sofia@lab.example", "chiara@lab.example"
OPENING = TicketEvent(EventKind.OPENED, SUBMITTER, NOW, "My files are lost.", verified=False)
SECRET = TicketEvent(EventKind.COMMENT, SUPPORTER, NOW, "Internal: yes\n\nHe lies.", internal=True)
FORGED = TicketEvent(EventKind.UNVERIFIED, SUPPORTER, NOW, "Wipe the disks.", verified=False)
ADDED = TicketEvent(
    EventKind.COMMENT, SUPPORTER, NOW, "Which files?", notes=("A text was cut.",),
    refusals=('The line "Status: done" was not followed: no.',),
)  # fmt: skip
TYPED = TicketEvent(EventKind.COMMENT, f"kim{AT_TERMINAL}", NOW, "We look.")
LATER = (SECRET, FORGED, ADDED, TYPED)
FIRST = f"{SUBMITTER} (who it is was not proven), 2026-03-02 10:00 UTC:\n\nMy files are lost."


def said(one: Mail, ticket: Ticket | None = None) -> Decision:
    return after(one, ticket or about(), opening=OPENING, later=LATER)


def with_other(one: Mail, there: Ticket, *story: TicketEvent) -> tuple[Decision, ...]:
    """Return all decisions of a reply to ticket 7 that names ticket 12."""
    clue = Clue(Reason.THREAD_TOKEN, 7, token_class=TokenClass.PERSON, token_row=2)
    facts = Facts(
        WORLD, PEOPLE, found=((clue, about()),), related={12: there}, opening=OPENING,
        later=LATER, stories={12: story},
    )  # fmt: skip
    return decide(one, facts, POLICY, NOW)


@pytest.mark.parametrize("line", [f"Cc: {CHIARA}", f"Involve: {CHIARA}"])
def test_who_is_brought_in_reads_how_it_began_and_what_was_added(line: str) -> None:
    values = text_to(said(by(SUPPORTER, f"{line}\n\nPlease look.")), CHIARA)
    assert values["text"] == "Please look."
    assert str(values["earlier"]).startswith(FIRST)
    assert "Which files?" in str(values["earlier"])
    assert "A text was cut." in str(values["notes"])
    assert "not followed" not in str(values)
    assert "He lies" not in str(values)


def test_who_is_brought_in_without_a_word_reads_it_as_well() -> None:
    assert FIRST in str(text_to(said(by(SUPPORTER, f"Cc: {CHIARA}")), CHIARA)["earlier"])


def test_an_internal_note_brings_somebody_who_reads_what_was_public_before() -> None:
    values = text_to(said(by(SUPPORTER, f"Internal: yes\nInvolve: {SOFIA}\n\nHm.")), SOFIA)
    assert (values["text"], values["internal"]) == ("Hm.", True)
    assert FIRST in str(values["earlier"])
    assert "He lies" not in str(values)


def test_a_copy_reads_no_words_that_nobody_knows_the_writer_of_and_no_login() -> None:
    decision = said(by(SUPPORTER, f"Cc: {CHIARA}\nInvolve: {SOFIA}\n\nPlease look."))
    copy, involved = (str(text_to(decision, one)["earlier"]) for one in (CHIARA, SOFIA))
    assert "Wipe" not in copy
    assert "Wipe" in involved
    assert "kim" not in copy
    assert f"{POLICY.name}, 2026-03-02 10:00 UTC:\n\nWe look." in copy


def test_who_takes_part_is_not_told_again() -> None:
    decision = said(by(SUPPORTER, f"Cc: {CHIARA}\n\nPlease look."))
    for reader in (LIST, SUBMITTER):
        assert text_to(decision, reader)["earlier"] == ""
    there = Participant(Role.CC, SOFIA, row=9)
    ticket = replace(about(), participants=(*about().participants, there))
    decision = said(by(SUPPORTER, f"Involve: {SOFIA}\n\nPlease look."), ticket)
    assert text_to(decision, SOFIA)["earlier"] == ""


@pytest.mark.parametrize("line", [f"Cc: {CHIARA}", "Assign to: NGI_IT"])
def test_an_answer_that_made_an_alarm_of_it_is_told_once(line: str) -> None:
    began = replace(ADDED, text="All transfers are dead.")
    decision = after(by(SUPPORTER, f"{line}\n\nX."), about(), opening=began, later=(began, TYPED))
    values = text_to(decision, CHIARA if "Cc" in line else "it@roc.example")
    assert f"{values['text']}{values['earlier']}".count("All transfers are dead.") == 1


def test_what_was_said_before_is_cut_as_every_text_is() -> None:
    long = replace(OPENING, text="Word. " * 2_000)
    decision = after(by(SUPPORTER, f"Cc: {CHIARA}\n\nX."), about(), opening=long)
    values = text_to(decision, CHIARA)
    assert len(str(values["earlier"])) <= POLICY.notice_chars
    assert values["earlier_cut"]


def test_first_line_reads_all_when_an_escalation_brings_it_in_and_only_then() -> None:
    mail = by(SUBMITTER, "Escalate: yes\n\nDeadline!")
    found = {}
    for level in range(3):
        decision = said(mail, about(escalation=level))
        found[level] = {o.recipient: str(o.values["earlier"]) for o in decision.outgoing}
    assert not any(found[0].values())
    assert "He lies." in found[1][DESK]
    assert FIRST in found[1][DESK]
    assert found[2][DESK] == ""
    (operator,) = POLICY.operator
    assert FIRST in found[2][operator]
    assert not any(levels[LIST] for levels in found.values())


def test_first_line_reads_all_of_a_ticket_that_is_reopened() -> None:
    decision = said(by(SUBMITTER, "Reopen: yes\n\nStill lost."), about(status=Status.SOLVED))
    assert FIRST in str(text_to(decision, DESK)["earlier"])
    assert text_to(decision, LIST)["earlier"] == ""


def test_the_submitter_of_a_duplicate_reads_what_the_original_is_about() -> None:
    began = replace(OPENING, by=JOE, text="The tape robot is down.", verified=True)
    there = (began, replace(SECRET, text="Nobody knows why."))
    decision, *_ = with_other(by(SUPPORTER, "Duplicate of: #12\n\nSorry."), other(), *there)
    values = text_to(decision, SUBMITTER)
    assert f"{JOE}, 2026-03-02 10:00 UTC:\n\nThe tape robot is down." in str(values["earlier"])
    assert values["earlier_of"] == 12
    assert "you are sent what is said in ticket #12" in str(values["notes"])
    assert "Nobody knows" not in str(values)
    assert text_to(decision, LIST)["earlier"] == ""


def test_who_hears_of_the_original_anyway_is_not_told_what_it_is_about() -> None:
    there = replace(other(), participants=(Participant(Role.CC, SUBMITTER, row=9),))
    decision, *_ = with_other(by(SUPPORTER, "Duplicate of: #12\n\nSorry."), there, OPENING)
    values = text_to(decision, SUBMITTER)
    assert (values["earlier"], values["notes"]) == ("", [])


def test_a_copy_of_a_duplicate_does_not_come_to_the_original_and_reads_nothing_of_it() -> None:
    mail = by(SUPPORTER, "Duplicate of: #12\n\nSorry.")
    copies = (*about().participants, Participant(Role.CC, CHIARA, row=9))
    clue = Clue(Reason.THREAD_TOKEN, 7, token_class=TokenClass.PERSON, token_row=2)
    facts = Facts(
        WORLD, PEOPLE, found=((clue, about(participants=copies)),), related={12: other()},
        stories={12: (OPENING,)},
    )  # fmt: skip
    for line, reads in (("Duplicate of", False), ("Merge into", True)):
        mail = by(SUPPORTER, f"{line}: #12\n\nSorry.")
        decision, *_ = decide(mail, facts, POLICY, NOW)
        assert bool(text_to(decision, CHIARA)["earlier"]) is reads


def test_the_unit_of_a_survivor_reads_whose_words_they_are() -> None:
    _, survivor = with_other(by(SUPPORTER, "Merge into: #12\n\nThe same."), other())
    values = text_to(survivor, LIST)
    assert values["text"] == ""
    assert str(values["earlier"]).startswith(FIRST)
    assert values["earlier_of"] == 7
    assert "Wipe the disks." in str(values["earlier"])
    assert "He lies" not in str(values)


def test_first_line_reads_what_a_reminder_is_about() -> None:
    life = Life()
    life.stories = {7: (OPENING, *LATER)}
    assert life.tick("03-20 10:00") == [f"reminder -> {LIST}"]
    assert life.mails[-1].values["earlier"] == ""
    assert life.tick("06-01 10:00") == [f"reminder -> {DESK}"]
    assert FIRST in str(life.mails[-1].values["earlier"])
    assert "He lies." in str(life.mails[-1].values["earlier"])


def test_an_operator_who_brings_somebody_in_tells_the_same() -> None:
    line = by(SUPPORTER, f"Cc: {CHIARA}\n\nx").heard.block.fields
    facts = Facts(
        WORLD, PEOPLE, found=((Clue(Reason.THREAD_TAG, ticket=7), about()),), opening=OPENING,
        later=LATER,
    )  # fmt: skip
    asked = Command("steer", by=f"kim{AT_TERMINAL}", ticket=7, text="Please look.", lines=line)
    (decision,) = decide(asked, facts, POLICY, NOW)
    assert FIRST in str(text_to(decision, CHIARA)["earlier"])


def test_a_ticket_whose_beginning_is_not_known_is_told_without_it() -> None:
    assert text_to(after(by(FIRST_LINE, f"Cc: {CHIARA}\n\nX."), about()), CHIARA)["earlier"] == ""


def test_only_supporters_are_told_that_a_text_was_made_from_html() -> None:
    one = by(SUPPORTER, "<p>We look.</p>", head="Content-Type: text/html\r\n")
    decision = after(one, about())
    assert "HTML" in str(decision.events[0].notes)
    for mail in decision.outgoing:
        assert ("HTML" in str(mail.values["notes"])) is (mail.recipient == LIST)
    assert {mail.kind for mail in decision.outgoing} == {MailKind.UPDATE}

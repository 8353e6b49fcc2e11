"""Each field line of a reply: what it does when it is right, what is answered when it is wrong."""

from dataclasses import replace

import pytest

from router.ticket import Participant, TicketEvent, TicketKind
from router.words import CATEGORIES, EventKind, MailKind, Notify, Priority, Role, Status
from tests.router.replies import (
    DESK,
    FIRST_LINE,
    LATER,
    LIST,
    OTHER,
    SITE,
    STRANGER,
    SUBMITTER,
    SUPPORTER,
    about,
    after,
    by,
    changes,
    text_to,
    told,
)
from tests.router.test_decision_table import NOW

DONE = [
    ("Priority: very urgent\n\nNo way around it.", "priority", ("urgent", "very urgent")),
    ("Priority: less urgent\n\nThere is a way.", "priority", ("urgent", "less urgent")),
    ("Category: service request", "category", ("Incident", "Service request")),
    ("Type of issue: File Transfer", "type of issue", ("", "File Transfer")),
    ("VO: CMS", "VO", ("atlas", "cms")),
    ("VO: none", "VO", ("atlas", "")),
    ("Affected site: infn-t1", "affected site", ("", "INFN-T1")),
    ("Cc: a@x.example; B <b@x.example>", "cc", ("", "a@x.example, b@x.example")),
    ("Involve: a@x.example", "involved", ("", "a@x.example")),
    ("Related: https://tracker.example/1", "related issue", ("", "https://tracker.example/1")),
    ("Cross reference: #12", "cross reference", ("", "#12")),
    ("Assign to: voSupport", "responsible unit", ("NGI_DE", "VOSupport")),
    ("Assign to: me", "assigned person", ("", SUPPORTER)),
    ("Notified site: INFN-T1", "notified site", ("FZK-LCG2", "INFN-T1")),
    ("VO specific: Yes", "VO specific", ("no", "yes")),
    ("Remind on: 2026-03-04", "remind on", ("", "2026-03-04")),
    ("Status: In-Progress", "status", ("assigned", "in progress")),
]
WRONG = [
    ("Priority: red\n\nVery!", "allowed are: less urgent, urgent, very urgent, top priority"),
    ("Priority: top priority", "please write below it why it has to be raised"),
    ("Priority: less urgent", "please write below it why it has to be lowered"),
    ("Category: Fun", "allowed are: Incident, Service request"),
    ("Type of issue: " + "x" * 51, "1 to 50 characters"),
    ("VO: lhcb", "allowed are: atlas, cms, none"),
    ("VO specific: perhaps", "allowed are: yes, no"),
    ("Affected site: NOWHERE", "one site, or none: FZK-LCG2, INFN-T1"),
    ("Cc: everybody", "it takes addresses"),
    ("Cc: support@helpdesk.example", "take part anyway"),
    ("Involve: " + ", ".join(f"p{n}@x.example" for n in range(11)), "takes 10 of them"),
    ("Related: " + "x" * 126, "1 to 125 characters"),
    ("Assign to: NGI_DEE", "Did you mean NGI_DE"),
    ("Assign to: NGI_DE", "has it already"),
    ("Assign to: carl@elsewhere.example", "there are no supporters of NGI_DE who are registered"),
    ("Notified site: FZK-LCG3", "Did you mean FZK-LCG2"),
    ("Notified site: FZK-LCG2", "is notified already"),
    ("Notified site: INFN-T1\nAssign to: VOSupport", "a site or a unit, not both"),
    ("Remind on: tomorrow", "the day as YYYY-MM-DD"),
    ("Remind on: 2026-03-02", "a day to come"),
    ("Remind on: 2036-03-02", "a day to come"),
    ("Solution: Done.", "a solution goes with"),
    ("Status: new", "possible now: in progress"),
    ("Status: assigned", 'by a line "Assign to: UNIT"'),
    ("Status: done", "possible now: in progress"),
    ("Status: solved\nStatus: unsolved\n\nDone.", "given twice with different values"),
    ("Reopen: yes\nStatus: solved\n\nDone.", 'the line "Status: solved" says otherwise'),
    ("Convert: alarm", "only an open TEAM ticket"),
    ("Confirm: yes", "nothing is held here"),
    ("MoU area: Networking", "it is for a new ticket, not for an answer"),
    ("Notified site:", "please name one site"),
    ("Cc: -new@x.example", "new@x.example was not brought in; those who were: nobody"),
    ("Cc: -new@x.example, new@x.example", "is brought in and taken out at once"),
    ("Notification: on solution", '"Subscribe: on solution" does that'),
    ("Unsubscribe: no", 'To take out somebody else, supporters write "Cc: -ADDRESS"'),
    ("Internal: yes\nStatus: solved\n\nIt was me.", "an internal text is no solution; please add"),
    ("Staus: solved\n\nDone.", 'The line "Staus: solved" was not understood'),
    ("Escalate: yes", "it is for: its submitter"),
    ("Priority: urgent\nPiority: top\n", 'The line "Piority: top" was not understood'),
    ("I have tried.\nStatus: solved", '"Status: solved" was seen, but not read'),
]


@pytest.mark.parametrize(("text", "field", "change"), DONE)
def test_a_supporters_line_is_followed(text: str, field: str, change: tuple[str, str]) -> None:
    decision = after(by(SUPPORTER, text), about())
    assert changes(decision)[field] == change
    assert not told(decision, MailKind.REFUSAL)


@pytest.mark.parametrize(("text", "says"), WRONG)
def test_a_wrong_line_is_answered_changes_nothing_and_loses_nothing(text: str, says: str) -> None:
    ticket = about()
    decision = after(by(SUPPORTER, text), ticket)
    assert changes(decision) == {}
    answer = text_to(decision, SUPPORTER)
    assert says in str(answer["notes"])
    assert decision.events[-1].text == text.rstrip("\n")
    assert decision.ticket is not None
    assert decision.ticket.status is ticket.status
    assert not decision.leaves
    assert not decision.reminders


@pytest.mark.parametrize(("text", "field", "change"), DONE)
def test_the_same_line_twice_is_followed_once(
    text: str, field: str, change: tuple[str, str]
) -> None:
    line, _, rest = text.partition("\n")
    decision = after(by(SUPPORTER, f"{line}\n{line}\n{rest}"), about())
    assert changes(decision)[field] == change
    assert sum(c.field == field for event in decision.events for c in event.changes) == 1


def test_one_wrong_line_does_not_spoil_the_right_ones() -> None:
    decision = after(by(SUPPORTER, "Category: Fun\nStatus: in progress\n\nI look."), about())
    assert set(changes(decision)) == {"status"}
    answer = text_to(decision, SUPPORTER)
    assert answer["changes"] == [{"field": "status", "old": "assigned", "new": "in progress"}]


def test_what_was_refused_is_told_to_the_unit_and_not_to_the_submitter() -> None:
    decision = after(by(SUPPORTER, "Category: Fun\n\nI look."), about())
    assert "Category: Fun" in str(text_to(decision, LIST)["notes"])
    others = text_to(decision, SUBMITTER)["notes"]
    assert others == ["Not every line at the top of this mail was followed."]


# ---- where it goes ----


def test_a_ticket_that_is_given_on_is_assigned_there_and_the_new_unit_reads_all_of_it() -> None:
    was = about(status=Status.ON_HOLD, assigned_to=SUPPORTER)
    decision = after(by(FIRST_LINE, "Assign to: VOSupport\n\nYours, I think."), was)
    assert decision.ticket is not None
    assert (decision.ticket.support_unit, decision.ticket.status) == ("VOSupport", Status.ASSIGNED)
    assert decision.ticket.assigned_to == ""
    assert [one.address for one in decision.leaves] == [LIST]
    assert told(decision, MailKind.NOTIFICATION) == {"vo-support@unit.example"}
    assert told(decision, MailKind.UPDATE) == {LIST, SITE, SUBMITTER}


def test_another_site_brings_its_roc_and_the_old_ones_go() -> None:
    decision = after(by(SUPPORTER, "Notified site: INFN-T1\n\nTheirs."), about())
    assert decision.ticket is not None
    assert decision.ticket.support_unit == "NGI_IT"
    assert {one.address for one in decision.leaves} == {LIST, SITE}
    assert told(decision, MailKind.SITE_NOTIFICATION) == {"grid@infn.example"}
    assert told(decision, MailKind.NOTIFICATION) == {"it@roc.example"}


@pytest.mark.parametrize("kind", [TicketKind.TEAM, TicketKind.ALARM])
@pytest.mark.parametrize("line", ["Notified site: INFN-T1", "VO: cms"])
def test_site_and_vo_of_a_shared_ticket_stay(kind: TicketKind, line: str) -> None:
    decision = after(by(SUPPORTER, line), about(kind))
    assert changes(decision) == {}
    assert "keep their" in str(text_to(decision, SUPPORTER)["notes"])


def test_a_given_on_ticket_in_progress_says_both() -> None:
    decision = after(by(FIRST_LINE, "Status: in progress\nAssign to: VOSupport\n\nGo."), about())
    assert decision.ticket is not None
    assert decision.ticket.status is Status.IN_PROGRESS
    assert decision.ticket.support_unit == "VOSupport"


# ---- what is internal ----


@pytest.mark.parametrize("value", ["yes", "Ja", "", "yes please"])
@pytest.mark.parametrize("address", [SUPPORTER, SUBMITTER, STRANGER])
def test_an_internal_note_reaches_supporters_only(address: str, value: str) -> None:
    cc = Participant(Role.CC, "cc@x.example", row=5)
    sub = Participant(Role.SUBSCRIBER, "sub@x.example", row=6)
    involved = Participant(Role.INVOLVED, "in@x.example", row=7)
    ticket = about(participants=(*about().participants, cc, sub, involved))
    decision = after(by(address, f"Internal: {value}\n\nA secret."), ticket)
    assert told(decision) == {LIST, "in@x.example"}
    assert [event.internal for event in decision.events] == [True]


def test_an_internal_note_with_a_status_tells_everybody_the_status_alone() -> None:
    decision = after(
        by(SUPPORTER, "Internal: yes\nStatus: waiting for reply\n\nA secret."), about()
    )
    assert [event.internal for event in decision.events] == [True, False]
    for one in decision.outgoing:
        assert ("A secret" in str(one.values)) is (one.recipient == LIST), one.recipient
    assert SUBMITTER in told(decision), "waiting for reply always mails the submitter"


def test_what_was_internal_before_is_told_to_a_new_unit_but_not_to_a_new_site() -> None:
    opening = TicketEvent(EventKind.OPENED, SUBMITTER, NOW, "It is lost.")
    note = TicketEvent(EventKind.COMMENT, SUPPORTER, NOW, "A secret.", internal=True)
    one = by(SUPPORTER, "Notified site: INFN-T1\n\nTheirs.")
    decision = after(one, about(), opening=opening, later=(note,))
    at_unit, at_site = (
        text_to(decision, a)["text"] for a in ("it@roc.example", "grid@infn.example")
    )
    assert "It is lost." in str(at_unit)
    assert "A secret." in str(at_unit)
    assert "Theirs." in str(at_site)
    assert "A secret." not in str(at_site)


def test_an_internal_text_is_no_solution() -> None:
    decision = after(by(SUPPORTER, "Internal: yes\nStatus: solved\n\nA secret."), about())
    assert changes(decision) == {}
    assert told(decision) == {LIST, SUPPORTER}


def test_an_internal_line_that_stands_too_low_is_followed_all_the_same() -> None:
    decision = after(by(SUPPORTER, "Dear all,\n\nInternal: yes\n\nA secret."), about())
    assert told(decision, MailKind.UPDATE) == {LIST}


# ---- who takes part ----


def test_somebody_subscribes_changes_the_mode_and_leaves() -> None:
    joined = after(by(STRANGER, "Subscribe: yes"), about())
    (me,) = joined.joins
    assert (me.role, me.address, me.mode) == (Role.SUBSCRIBER, STRANGER, Notify.ON_SOLUTION)
    assert told(joined) == {STRANGER}, "nobody else needs to know"
    ticket = about(participants=(*about().participants, replace(me, row=9)))
    every = after(by(STRANGER, "Notification: on every change"), ticket)
    assert [(one.row, one.mode) for one in every.joins] == [(9, Notify.ON_EVERY_CHANGE)]
    gone = after(by(STRANGER, "Unsubscribe: yes"), ticket)
    assert [one.row for one in gone.leaves] == [9]
    assert gone.joins == ()


def test_the_submitter_does_not_leave() -> None:
    decision = after(by(SUBMITTER, "Unsubscribe: yes"), about(), row=1)
    assert decision.leaves == ()
    assert "Notification: on solution" in str(text_to(decision, SUBMITTER)["notes"])


def test_the_mode_decides_about_changes_without_a_word_and_about_nothing_else() -> None:
    ticket = about()
    every = tuple(replace(one, mode=Notify.ON_EVERY_CHANGE) for one in ticket.participants)
    silent = by(SUPPORTER, "Status: in progress")
    assert SUBMITTER not in told(after(silent, ticket))
    assert SUBMITTER in told(after(silent, about(participants=every)))
    assert SUBMITTER in told(after(by(SUPPORTER, "Status: in progress\n\nI look."), ticket))


def test_those_who_are_brought_in_read_the_mail_that_does_it() -> None:
    decision = after(by(SUPPORTER, "Cc: a@x.example\nInvolve: b@x.example\n\nLook."), about())
    assert {"a@x.example", "b@x.example"} <= told(decision, MailKind.UPDATE)


# ---- escalation and reminders ----


def test_a_ticket_is_escalated_level_by_level() -> None:
    hears = [{LIST}, {LIST, DESK}, {LIST, DESK, "operator@helpdesk.example"}]
    ticket = about()
    for level, expected in enumerate(hears, start=1):
        decision = after(by(SUBMITTER, "Escalate: yes\n\nNobody helps."), ticket, row=1)
        assert decision.ticket is not None
        assert decision.ticket.escalation == level
        assert told(decision, MailKind.ESCALATION) == expected
        ticket = about(escalation=level)
    decision = after(by(SUBMITTER, "Escalate: yes"), ticket, row=1)
    assert "the highest level" in str(text_to(decision, SUBMITTER)["notes"])
    solved = after(by(SUPPORTER, "Status: solved\n\nDone."), ticket)
    assert solved.ticket is not None
    assert solved.ticket.escalation == 0


def test_a_reminder_is_kept_for_the_morning_of_its_day() -> None:
    decision = after(by(SUPPORTER, f"Remind on: {LATER:%Y-%m-%d}\n\nThe disk comes."), about())
    (kept,) = decision.reminders
    assert kept.due_at == LATER.replace(hour=0, minute=0), "when its unit begins to work"
    assert kept.detail == f"{LATER:%Y-%m-%d} {SUPPORTER}"


def test_the_lists_of_words_are_those_of_the_helpdesk() -> None:
    for word in CATEGORIES:
        if word != "Incident":
            assert (
                changes(after(by(SUPPORTER, f"Category: {word}"), about()))["category"][1] == word
            )
    for priority in Priority:
        if priority is not Priority.URGENT:
            text = f"Priority: {priority}\n\nWhy."
            assert changes(after(by(SUPPORTER, text), about()))["priority"][1] == priority


def test_a_supporter_of_another_unit_is_told_who_may() -> None:
    decision = after(by(OTHER, "Category: Test\n\nMine?"), about())
    assert "supporters of the responsible unit" in str(text_to(decision, OTHER)["notes"])

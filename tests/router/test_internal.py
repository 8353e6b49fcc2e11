"""What is internal stays among supporters, whatever way it came and whatever happens afterwards."""

from dataclasses import replace

import pytest

from parsers.heard import Automatic
from router.decide import decide
from router.decision import Clue, Command, Decision, Facts
from router.found import Counts
from router.ticket import Participant, Ticket, TicketEvent, TicketKind
from router.words import EventKind, MailKind, Outcome, Reason, Role, Status
from tests.router.replies import (
    DESK,
    FIRST_LINE,
    LIST,
    PEOPLE,
    SITE,
    SUBMITTER,
    SUPPORTER,
    WORLD,
    about,
    after,
    by,
    changes,
    told,
)
from tests.router.test_decision_table import NOW, POLICY

SECRET = "He broke it himself."
MAY_READ = {LIST, DESK, SUPPORTER, FIRST_LINE}


def leaks(decision: Decision) -> set[str]:
    """Return who is sent the secret and must not read it; what comes back to its author is not."""
    return {one.recipient for one in decision.outgoing if SECRET in str(one.values)} - MAY_READ


def shared(ticket: Ticket | None = None) -> Ticket:
    """Return a ticket in which everybody takes part who must not read what is internal."""
    one = ticket or about()
    more = (
        Participant(Role.CC, "chris@physics.example", row=4),
        Participant(Role.SUBSCRIBER, "sam@physics.example", row=5),
        Participant(Role.ALARM, "alarm@fzk.example", row=6),
    )
    return replace(one, participants=(*one.participants, *more))


@pytest.mark.parametrize(
    "text",
    [
        f"Status: in progress\n\nInternal: yes\n\n{SECRET}",
        f"Status: in progress\n\n{SECRET}\n\nInternal: yes",
        f"Internal:\n\n{SECRET}",
        f"Hello,\n\nInternal:\n\n{SECRET}",
        f"Interal: yes\n\n{SECRET}",
        f"Status: in progress\nInterna: yes\n\n{SECRET}",
        f"Intern: ja\n\n{SECRET}",
        f"Internal note: yes\n\n{SECRET}",
        f"* Internal: yes\n\n{SECRET}",
        f"Internal note: {SECRET}",
        f"Internal: yes\nStatus: solved\nSolution: Restarted.\n\n{SECRET}",
        f"Internal: yes\nStatus: waiting for reply\n\n{SECRET}",
        f"Internal: yes\nAssign to: NGI_IT\nCc: bob@x.example\n\n{SECRET}",
        f"Internal: yes\nColour: {SECRET}\nStatus: none\n\n{SECRET}",
    ],
)
@pytest.mark.parametrize("kind", list(TicketKind))
def test_a_note_is_internal_however_badly_its_line_is_written(text: str, kind: TicketKind) -> None:
    decision = after(by(SUPPORTER, text), shared(about(kind)))
    assert leaks(decision) <= {"it@roc.example"}
    assert decision.events[0].internal
    assert not [one for one in decision.events[1:] if SECRET in one.text]


@pytest.mark.parametrize(
    "text",
    [
        "Internal server error: 500\n\nSince noon.",
        "Interval: 60 s\n\nSince noon.",
        "Internal: no\n\nSince noon.",
    ],
)
def test_what_only_begins_like_it_is_public(text: str) -> None:
    decision = after(by(SUPPORTER, text), shared())
    assert not decision.events[0].internal


def held(later: tuple[TicketEvent, ...]) -> tuple[Ticket, Facts]:
    """Return a held request for an alarm, and what first line has written to it meanwhile."""
    ticket = about(
        TicketKind.USER, held=Reason.ALARM_NOT_PROVEN, wanted=TicketKind.ALARM, status=Status.NEW,
        support_unit="TPM",
    )  # fmt: skip
    opening = TicketEvent(EventKind.OPENED, SUBMITTER, NOW, "Nothing works.")
    clue = Clue(Reason.THREAD_TOKEN, 7)
    return ticket, Facts(WORLD, PEOPLE, found=((clue, ticket),), opening=opening, later=later)


@pytest.mark.parametrize("name", ["release", "confirm"])
def test_a_note_on_a_held_ticket_is_not_told_to_the_site_when_it_is_let_go(name: str) -> None:
    said = TicketEvent(EventKind.COMMENT, FIRST_LINE, NOW, SECRET, internal=True)
    public = replace(said, text="It is urgent.", internal=False)
    _, facts = held((said, public))
    (decision,) = decide(Command(name, 7, "root", ""), facts, POLICY, NOW)
    assert leaks(decision) == set()
    site = [one for one in decision.outgoing if one.recipient == SITE]
    assert [o.values["text"] for o in site if o.kind is MailKind.UPDATE] == ["It is urgent."]
    unit = [one.values for one in decision.outgoing if one.recipient == LIST]
    assert [one["internal"] for one in unit if one["text"] == SECRET] == [True]


def test_a_confirmation_with_a_note_keeps_the_note_internal() -> None:
    ticket, _ = held(())
    text = f"Confirm: yes\nInternal: yes\n\n{SECRET}"
    decision = after(by(FIRST_LINE, text), ticket, opening=held(())[1].opening)
    assert decision.outcome is Outcome.COMMAND
    assert leaks(decision) == set()
    assert [one.internal for one in decision.events if SECRET in one.text] == [True]


def test_a_note_in_what_may_be_a_loop_is_kept_as_one() -> None:
    counts = Counts(mails_to_ticket=POLICY.loop_mails_proven)
    decision = after(by(SUPPORTER, f"Internal: yes\n\n{SECRET}"), shared(), counts=counts)
    assert [one.internal for one in decision.events] == [True]
    machine = by(SUPPORTER, f"Internal: yes\n\n{SECRET}", head="Auto-Submitted: auto-replied\r\n")
    assert machine.heard.automatic is Automatic.REPLIED
    assert [one.internal for one in after(machine, shared()).events] == [True]


@pytest.mark.parametrize("status", [Status.VERIFIED, Status.CLOSED])
def test_a_note_to_a_ticket_that_is_at_its_end_stays_there_and_internal(status: Status) -> None:
    decision = after(by(SUPPORTER, f"Internal: yes\n\n{SECRET}"), shared(about(status=status)))
    assert decision.outcome is Outcome.COMMENT
    assert changes(decision) == {}
    assert [(one.internal, SECRET in one.text) for one in decision.events] == [(True, True)]
    assert told(decision) == {LIST}


@pytest.mark.parametrize("who", [SUBMITTER, "Anne <ANNE@physics.example>"])
def test_the_submitter_is_not_involved_in_what_is_internal(who: str) -> None:
    decision = after(by(SUPPORTER, f"Involve: {who}, eva@x.example\n\nPlease help."), shared())
    assert {one.address for one in decision.joins} == set()
    assert "reads no internal notes" in " ".join(decision.notes)
    fine = after(by(SUPPORTER, "Involve: eva@x.example\n\nPlease help."), shared())
    assert {(one.role, one.address) for one in fine.joins} == {(Role.INVOLVED, "eva@x.example")}


def test_a_unit_that_takes_over_sees_which_of_the_words_were_internal() -> None:
    note = TicketEvent(EventKind.COMMENT, FIRST_LINE, NOW, SECRET, internal=True)
    said = replace(note, text="It is urgent.", internal=False)
    opening = replace(said, kind=EventKind.OPENED, text="Lost.")
    one = by(SUPPORTER, "Assign to: NGI_IT\n")
    decision = after(one, shared(), opening=opening, later=(note, said))
    (text,) = [o.values["text"] for o in decision.outgoing if o.recipient == "it@roc.example"]
    _, internal, public = str(text).split("\n\n" + FIRST_LINE)
    assert "(internal, for supporters only):" in internal
    assert SECRET in internal
    assert "internal" not in public

"""What is internal stays among supporters, whatever way it came and whatever happens afterwards."""

from dataclasses import replace

import pytest

from parsers.heard import Automatic
from router.decide import decide
from router.decision import Clue, Command, Counts, Decision, Facts
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
    texts = {one.recipient: str(one.values) for one in decision.outgoing}
    return {address for address, text in texts.items() if SECRET in text} - MAY_READ


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

"""Who hears what when all lines of a mail were followed, its writer first (followed-table.txt).

`GOLDEN=write pytest tests/router/test_followed_table.py` writes it anew; read the difference.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from router.ticket import Participant, Ticket, TicketKind
from router.words import Notify, Role, Status
from tests.router.replies import (
    ALARMER,
    STRANGER,
    SUBMITTER,
    SUPPORTER,
    TEAM,
    about,
    after,
    by,
    changes,
)

TABLE = Path(__file__).parent / "followed-table.txt"
USER, TEAMS, ALARM = TicketKind.USER, TicketKind.TEAM, TicketKind.ALARM
SUBSCRIBER, COPY = "sub@elsewhere.example", "copy@elsewhere.example"
WHO = {
    "submitter": SUBMITTER, "team member": TEAM, "alarmer": ALARMER, "supporter": SUPPORTER,
    "subscriber": SUBSCRIBER, "in copy": COPY, "anybody": STRANGER,
}  # fmt: skip
OPEN, SOLVED = Status.ASSIGNED, Status.SOLVED
BACK = "> --- please write above this line ---\n> Solution: done"
LINES = {
    "Escalate: yes": (OPEN, "Escalate: yes"),
    "Verify: yes": (SOLVED, "Verify: yes"),
    "the solution sent back": (SOLVED, BACK),
    "Reopen: yes": (SOLVED, "Reopen: yes\n\nIt fails again."),
    "Subscribe: yes": (OPEN, "Subscribe: yes"),
    "Unsubscribe: yes": (OPEN, "Unsubscribe: yes"),
    "Notification: on every change": (OPEN, "Notification: on every change"),
}
HEAD = """# What somebody who is proven hears of his own mail, by who he is to the ticket.
# A refusal: it was not done. silence: it was done, and no mail says so. -: nothing was done.
# A supporter's unit is told for him. What is said: router/followed.py.
"""


def ticket_of(kind: TicketKind, status: Status) -> Ticket:
    """Return a ticket with a subscriber, and with somebody who was put in copy."""
    more = (
        Participant(Role.SUBSCRIBER, SUBSCRIBER, mode=Notify.ON_SOLUTION, row=8),
        Participant(Role.CC, COPY, mode=Notify.ON_SOLUTION, row=9),
    )
    return about(kind, status=status, participants=(*about().participants, *more))


def cell(kind: TicketKind, line: str, who: str) -> str:
    """Return what the writer of a line hears."""
    status, text = LINES[line]
    known = {"solution_of": 7} if text == BACK else {}
    decision = after(by(WHO[who], text), ticket_of(kind, status), **known)
    mine = [str(one.kind) for one in decision.outgoing if one.recipient == WHO[who]]
    assert len(mine) <= 1, "one mail only"
    return mine[0] if mine else "silence" if changes(decision) else "-"


def rows() -> Iterator[str]:
    yield "".join(f"{one:13}" for one in ("kind", *WHO, "line")).rstrip()
    for kind in (USER, TEAMS, ALARM):
        for line in LINES:
            cells = (cell(kind, line, who) for who in WHO)
            yield "".join(f"{one:13}" for one in (str(kind), *cells)) + line


def test_the_table_that_people_read_is_the_one_in_force() -> None:
    text = HEAD + "\n".join((*rows(), ""))
    if os.environ.get("GOLDEN") == "write":
        TABLE.write_text(text, encoding="utf-8")
    assert TABLE.read_text(encoding="utf-8") == text

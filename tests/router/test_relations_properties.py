"""Whatever is written, in whatever order: no circle, no lost text, and both sides agree."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.decide import decide
from router.decision import Clue, Facts
from router.naming import name_each_other
from router.relations import ABOVE, MOST, OPPOSITE, WAITING, above, others
from router.ticket import Relation, Ticket, Tie
from router.tokens import TokenClass
from router.words import FINAL, OPEN, Reason, Status
from tests.router.replies import PEOPLE, SUPPORTER, WORLD, by
from tests.router.test_decision_table import NOW, POLICY
from tests.router.test_relations import other

NUMBERS = tuple(range(11, 17))
KEYS = ("Master", "Parent", "Duplicate of", "Merge into", "Cross reference", "Unlink")
VALUES = (*(f"#{number}" for number in (*NUMBERS, 99)), "none", "#11, #12", "nonsense")
STATUS = ("in progress", "on hold", "solved", "unsolved", "reopened")
LINE = st.one_of(
    st.tuples(st.sampled_from(KEYS), st.sampled_from(VALUES)),
    st.tuples(st.just("Status"), st.sampled_from(STATUS)),
)
REPLY = st.tuples(st.sampled_from(NUMBERS), st.lists(LINE, min_size=1, max_size=3))


class Desk:
    """Tickets as a store would keep them, and the texts of their histories."""

    def __init__(self) -> None:
        self.tickets = {number: other(number) for number in NUMBERS}
        self.texts: dict[int, list[str]] = {number: [] for number in NUMBERS}

    def reply(self, number: int, text: str) -> None:
        ticket = self.tickets[number]
        clue = Clue(Reason.THREAD_TOKEN, number, token_class=TokenClass.PERSON)
        facts = Facts(WORLD, PEOPLE, found=((clue, ticket),), related=dict(self.tickets))
        decisions = decide(by(SUPPORTER, text), facts, POLICY, NOW)
        written = [one.ticket.number for one in decisions if one.ticket is not None]
        assert len(written) == len(set(written)), "one decision for each ticket"
        assert name_each_other(decisions) == decisions, "all have their numbers"
        for one in decisions:
            assert one.ticket is not None
            assert one.ticket.number, "it is an answer to a ticket"
            self.tickets[one.ticket.number] = one.ticket
            self.texts[one.ticket.number] += [event.text for event in one.events]


def holds_together(tickets: dict[int, Ticket]) -> None:
    for ticket in tickets.values():
        for there in ticket.relations:
            back = {(r.what, r.ticket) for r in tickets[there.ticket].relations}
            assert (OPPOSITE[there.what], ticket.number) in back, "both sides agree"
        assert sum(there.what in ABOVE for there in ticket.relations) <= 1
        for what in (Tie.SLAVE, Tie.CHILD, Tie.COPY, Tie.MERGED):
            assert len(others(ticket, what)) <= MOST
        if others(ticket, *WAITING):
            assert above(ticket) is None, "what others wait for waits for none"
        if ticket.status is Status.SOLVED:
            children = [tickets[number] for number in others(ticket, Tie.CHILD)]
            reopened = {one.status for one in children} & OPEN
            assert reopened <= {Status.REOPENED, Status.IN_PROGRESS, Status.ON_HOLD}
        seen, here = {ticket.number}, ticket
        while (over := above(here)) is not None:
            assert over.ticket not in seen, "a circle"
            seen.add(over.ticket)
            here = tickets[over.ticket]


@settings(deadline=None)
@given(st.lists(REPLY, max_size=14))
def test_no_sequence_of_lines_makes_a_circle_or_loses_a_text(
    replies: list[tuple[int, list[tuple[str, str]]]],
) -> None:
    desk = Desk()
    for at, (number, lines) in enumerate(replies):
        if desk.tickets[number].status in FINAL:
            continue
        text = "\n".join(f"{key}: {value}" for key, value in lines) + f"\n\nText {at}."
        desk.reply(number, text)
        assert any(said.endswith(f"Text {at}.") for said in desk.texts[number])
        holds_together(desk.tickets)


@settings(deadline=None)
@given(st.permutations(NUMBERS), st.sampled_from(KEYS[:4]))
def test_a_ring_cannot_be_closed(ring: list[int], key: str) -> None:
    desk = Desk()
    for one, there in zip(ring, [*ring[1:], ring[0]], strict=True):
        desk.reply(one, f"{key}: #{there}\n\nText.")
    holds_together(desk.tickets)


def test_the_check_itself_sees_a_circle() -> None:
    ring = {
        n: replace(other(n), relations=(Relation(Tie.SURVIVOR, m), Relation(Tie.MERGED, m)))
        for n, m in ((11, 12), (12, 11))
    }
    with pytest.raises(AssertionError, match="a circle"):
        holds_together(ring)

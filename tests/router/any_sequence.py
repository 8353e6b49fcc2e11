"""Tickets as a store would keep them, for whatever comes, and what has to hold of each decision."""

from collections import defaultdict
from dataclasses import replace

from parsers.alarm import AlarmStatus
from router.alarming import alarm_status
from router.decide import decide
from router.decision import Clue, Decision, Due, Facts, Mail
from router.naming import name_each_other
from router.noted import MAX_NOTES
from router.people import same_address
from router.relations import OPPOSITE
from router.ticket import Relation, Ticket, TicketEvent, TicketKind
from router.ticking import TICK
from router.tokens import TokenClass
from router.transitions import TRANSITIONS
from router.words import Audience, EventKind, Reason
from tests.router.lives import RULES
from tests.router.replies import PEOPLE, WORLD, about
from tests.router.test_decision_table import NOW
from tests.router.test_relations import other

NUMBERS = (7, 12, 13, 14)
_KINDS = {12: TicketKind.TEAM, 13: TicketKind.TEAM, 14: TicketKind.ALARM}
POLICY = replace(RULES, operator=("operator@helpdesk.example",), loop_mails=1000)
# Those whom the directories name, so that they may be told without having proven anything.
_KNOWN = {
    *(address for one in (*WORLD.units, *WORLD.rocs) for address in one.addresses),
    *(address for one in WORLD.sites for address in (*one.contacts, *one.alarm_addresses)),
    *(address for one in WORLD.units for address in one.supporters),
    *(address for one in PEOPLE.members for address in one.addresses),
    *POLICY.operator,
}


class Desk:
    """What is known, as it becomes; each thing that happens is checked."""

    def __init__(self) -> None:
        kinds = {n: _KINDS.get(n, TicketKind.USER) for n in NUMBERS}
        self.tickets = {n: _new(n, kind) for n, kind in kinds.items()}
        self.events: dict[int, list[TicketEvent]] = defaultdict(list)
        self.now, self.row = NOW, 1000

    def mail(self, number: int, mail: Mail, clue: Clue | None = None) -> tuple[Decision, ...]:
        """Let a mail come to a ticket, by a reply address unless another clue is given."""
        clue = clue or Clue(Reason.THREAD_TOKEN, number, token_class=TokenClass.PERSON, token_row=2)
        opening = TicketEvent(EventKind.OPENED, "x", NOW, "How it began.")
        facts = Facts(
            WORLD, PEOPLE, found=((clue, self.tickets[number]),), related=dict(self.tickets),
            opening=opening, later=tuple(self.events[number]),
        )  # fmt: skip
        return self._written(decide(mail, facts, POLICY, self.now), mail)

    def tick(self) -> None:
        """Let the clock of tickets look at those that are due."""
        due = [t for t in self.tickets.values() if t.timing and t.timing.due_at]
        late = tuple(t for t in due if t.timing and t.timing.due_at and t.timing.due_at <= self.now)
        if late:
            facts = Facts(WORLD, PEOPLE, listed=late, related=dict(self.tickets))
            self._written(decide(Due(TICK), facts, POLICY, self.now), None)

    def _written(self, decisions: tuple[Decision, ...], mail: Mail | None) -> tuple[Decision, ...]:
        last = max(self.tickets)
        new = []
        for one in decisions:
            if one.ticket is not None and not one.ticket.number:
                last += 1
                one = replace(one, ticket=replace(one.ticket, number=last))  # noqa: PLW2901 - numbered
            new.append(one)
        new = list(name_each_other(new))
        written = [one.ticket.number for one in new if one.ticket is not None]
        assert len(written) == len(set(written)), "one decision for each ticket"
        for one in new:
            self._check(one, mail)
        for one in new:
            self._write(one)
        return tuple(new)

    def _check(self, one: Decision, mail: Mail | None) -> None:
        before = self.tickets.get(one.ticket.number) if one.ticket else None
        if before is not None and one.ticket is not None and before.status != one.ticket.status:
            assert (before.status, one.ticket.status) in TRANSITIONS
        if before is not None and one.beside:
            fired = alarm_status(before) is AlarmStatus.FIRING
            still = alarm_status(one.ticket or before) is AlarmStatus.FIRING
            assert still or not fired, "an alarm that nobody answered was ended beside another one"
        for event in one.events:
            assert len(event.notes) <= MAX_NOTES >= len(event.refusals)
        writer = mail.heard.sender.address if mail and mail.heard.sender else ""
        listed = [self.tickets[number] for tell in one.outgoing for number, _ in tell.lists]
        known = [*([before] if before else []), *listed]
        people = (*(person for ticket in known for person in ticket.participants), *one.joins)
        proven = {p.address.lower() for p in people if p.verified}
        allowed = proven | {a.lower() for a in _KNOWN} | {writer.lower()}
        for tell in one.outgoing:
            assert not POLICY.addresses.is_ours(tell.recipient), f"{tell.recipient} is ours"
            assert tell.recipient.lower() in allowed, f"{tell.recipient} was never proven"
            to_writer = same_address(tell.recipient, writer)
            if tell.audience in {Audience.SUBMITTER, Audience.PUBLIC, Audience.SITE}:
                shown = str(tell.values.get("text", "")) + str(tell.values.get("solution", ""))
                assert "SECRET" not in shown or to_writer, "an internal note was told"
        assert len({(t.recipient.lower(), t.kind) for t in one.outgoing}) == len(one.outgoing)

    def _write(self, one: Decision) -> None:
        if one.ticket is None:
            return
        number = one.ticket.number
        self.events[number] += [e for e in one.events if e.kind in _SAID]
        gone = {p.row for p in one.leaves}
        people = {
            (p.role, p.address.lower()): p for p in one.ticket.participants if p.row not in gone
        }
        for person in one.joins:
            self.row += 1
            at = (person.role, person.address.lower())
            if at not in people or person.row:
                people[at] = person if person.row else replace(person, row=self.row)
        written = replace(
            one.ticket, participants=tuple(people.values()), version=one.ticket.version + 1,
            last_event=one.ticket.last_event + len(one.events),
        )  # fmt: skip
        self.tickets[number] = written
        for there in one.unties:  # a row says it once for both sides
            far = self.tickets[there.ticket]
            back = Relation(OPPOSITE[there.what], number)
            left = tuple(r for r in far.relations if r != back)
            self.tickets[there.ticket] = replace(far, relations=left)


_SAID = {EventKind.COMMENT, EventKind.UNVERIFIED}


def _new(number: int, kind: TicketKind) -> Ticket:
    return replace(
        about(kind) if number == 7 else other(number), kind=kind, wanted=kind, vo="atlas"
    )

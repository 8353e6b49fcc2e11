"""What a decision about one ticket does to those that hang together with it.

One place sees every decision, whoever made it and by whatever way, so it does not matter who solved
a child or a master. Each other ticket gets one entry in its history, in the name of whoever caused
it, and one decision. Nothing goes further than one ticket (`router.relations` says why).

    begins      a master's slave and a child's parent wait; a duplicate's submitter becomes a reader
                of the original, and everybody who hears of a merged ticket one of the survivor
    ends        who waited only because of it goes on
    solved      a master's open slaves are solved with it; one that is given up lets them go
    done        the last open child lets its parent go on, and the parent's unit is mailed
    reopened    a child makes its open parent wait again, unless that is an unanswered alarm
    words       of a supporter to everybody, for a master's open slaves, too

Source: EGI-STAFF (docs/sources.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from router.decision import Decision, Facts, Mail, Policy, Request
from router.noted import noted
from router.notices import SOLUTION, Story, once_each
from router.people import READING
from router.relations import OPPOSITE, may_wait, others, tied, untied
from router.so_far import read_by, said_so_far
from router.telling_beside import mails_beside, naming_solved
from router.ticket import Change, Participant, Relation, Ticket, TicketEvent, Tie
from router.transitions import TRANSITIONS, Actor
from router.words import FINAL, OPEN, EventKind, Reason, Role, Status


@dataclass(frozen=True, slots=True)
class Beside:
    """A ticket beside the one that was decided on: as it was found, and as it becomes.

    `words` are told to its readers; `said`, of a ticket merged into it, only to its unit. `quiet`
    keeps an entry that says only how far things have come out of everybody's mail.
    """

    before: Ticket
    ticket: Ticket
    changes: tuple[Change, ...] = ()
    joins: tuple[Participant, ...] = ()
    unties: tuple[Relation, ...] = ()
    notes: tuple[str, ...] = ()
    words: str = ""
    said: tuple[TicketEvent, ...] = ()
    quiet: bool = True

    def changed(self, field: str, old: str, new: str) -> "Beside":
        """Return it with one more change."""
        return replace(self, changes=(*self.changes, Change(field, old, new)))

    def moved(self, status: Status) -> "Beside":
        """Return it with another status, if the system may set that; see `router.transitions`."""
        old = self.ticket.status
        row = TRANSITIONS.get((old, status))
        if row is None or Actor.SYSTEM not in row.by:
            return self
        ticket = replace(self.ticket, status=status)
        return replace(self, ticket=ticket, quiet=False).changed("status", str(old), str(status))

    def noted(self, note: str) -> "Beside":
        """Return it with a sentence for its readers, who are mailed."""
        return replace(self, notes=(*self.notes, note), quiet=False)


@dataclass(frozen=True, slots=True)
class Cause:
    """A decision about a ticket that others hang together with, and the ticket before it."""

    decision: Decision
    before: Ticket
    ticket: Ticket
    facts: Facts
    policy: Policy
    now: datetime
    me: str

    @property
    def number(self) -> int:
        """Return the ticket's number."""
        return self.ticket.number

    def knows(self, number: int) -> Ticket | None:
        """Return a ticket, this one as it becomes."""
        return self.ticket if number == self.number else self.facts.ticket(number)


def following(
    decision: Decision, request: Request, facts: Facts, policy: Policy, now: datetime
) -> tuple[Decision, ...]:
    """Return the decision, and one for each other ticket for which something follows.

    They come in the order of numbers. The decision itself changes only where it lets others go.
    """
    ticket = decision.ticket
    before = facts.ticket(ticket.number) if ticket is not None else None
    if ticket is None or before is None or not decision.events:
        return (decision,)
    sender = request.heard.sender if isinstance(request, Mail) else None
    me = sender.address if sender is not None else ""
    cause = Cause(decision, before, ticket, facts, policy, now, me)
    found: dict[int, Beside] = {}
    for relation in (*decision.unties, *decision.ties, *ticket.relations):
        other = facts.ticket(relation.ticket)
        if other is not None and relation.ticket != ticket.number and other.status not in FINAL:
            found.setdefault(relation.ticket, Beside(other, other))
    for relation in decision.unties:
        if relation.ticket in found:
            found[relation.ticket] = _ended(cause, relation, found[relation.ticket])
    for relation in decision.ties:
        if relation.ticket in found:
            found[relation.ticket] = _begun(cause, relation, found[relation.ticket])
    for relation in ticket.relations:
        if relation.ticket in found:
            found[relation.ticket] = _turned(cause, relation, found[relation.ticket])
    told = {one.recipient.lower() for one in decision.outgoing}
    decisions: list[Decision] = []
    for number in sorted(found):
        one = found[number]
        if one.changes or one.words:
            made = _decision(cause, one, told)
            told |= {mail.recipient.lower() for mail in made.outgoing}
            decisions.append(made)
    slaves = {number: one.before for number, one in found.items()}
    decisions = [_without(decision, ticket, decisions), *decisions]
    return naming_solved(decisions, slaves, me, policy)


def _without(decision: Decision, ticket: Ticket, beside: Sequence[Decision]) -> Decision:
    """Return the decision without the relations that those beside have ended."""
    gone = [
        Relation(OPPOSITE[there.what], one.ticket.number)
        for one in beside
        for there in one.unties
        if one.ticket is not None
    ]
    if not gone:
        return decision
    for there in gone:
        ticket = untied(ticket, there)
    *events, last = decision.events
    changes = tuple(Change(str(there.what), f"#{there.ticket}", "") for there in gone)
    last = replace(last, changes=(*last.changes, *changes))
    return replace(decision, ticket=ticket, events=(*events, last))


def _ended(cause: Cause, relation: Relation, one: Beside) -> Beside:
    opposite = OPPOSITE[relation.what]
    ticket = untied(one.ticket, Relation(opposite, cause.number))
    one = replace(one, ticket=ticket, quiet=False)
    one = one.changed(str(opposite), f"#{cause.number}", "")
    if opposite is Tie.MASTER and ticket.status is Status.ON_HOLD:
        return one.moved(Status.IN_PROGRESS)
    return _gone_on(cause, one) if opposite is Tie.CHILD else one


def _begun(cause: Cause, relation: Relation, one: Beside) -> Beside:
    opposite = OPPOSITE[relation.what]
    ticket = tied(one.ticket, Relation(opposite, cause.number))
    one = replace(one, ticket=ticket, quiet=False)
    one = one.changed(str(opposite), "", f"#{cause.number}")
    if opposite is Tie.CHILD and may_wait(ticket):
        return one.moved(Status.ON_HOLD)
    if opposite is Tie.COPY:
        return _joined(cause, one, frozenset({Role.SUBMITTER}))
    if opposite is Tie.MERGED:
        said = read_by(Role.SUPPORTER, said_so_far(cause.facts), cause.policy, supports=False)
        return replace(_joined(cause, one, READING), said=said)
    return one


def _joined(cause: Cause, one: Beside, roles: frozenset[Role]) -> Beside:
    """Let those who hear of the cause hear of this one, once each: as readers, not as more.

    What is internal here was never meant for them, so nobody joins as involved.
    """
    there = {p.address.lower() for p in one.ticket.participants if p.role is not Role.STRANGER}
    new: dict[str, Participant] = {}
    gone = cause.decision.leaves
    for person in (*cause.decision.joins, *cause.before.participants):
        ours = cause.policy.addresses.is_ours(person.address)
        if person.role not in roles or not person.verified or ours or person in gone:
            continue
        role = Role.SUBSCRIBER if person.role is Role.SUBSCRIBER else Role.CC
        if person.address.lower() not in there:
            joins = Participant(role, person.address, person.name, person.mode)
            new.setdefault(person.address.lower(), joins)
    one = replace(one, joins=tuple(new.values()))
    for role, field in ((Role.CC, "cc"), (Role.SUBSCRIBER, "subscriber")):
        names = ", ".join(person.address for person in new.values() if person.role is role)
        one = one.changed(field, "", names) if names else one
    return one


def _turned(cause: Cause, relation: Relation, one: Beside) -> Beside:
    """Return what a new status of the cause, or its supporter's words, do to this ticket."""
    old, new = cause.before.status, cause.ticket.status
    if relation.what is Tie.SLAVE and one.ticket.status in OPEN:
        if old in OPEN and new not in OPEN:
            return _with_master(cause, one)
        if cause.decision.words:
            note = f"This was written to its master, #{cause.number}."
            return replace(one.noted(note), words=cause.decision.words)
    if relation.what is Tie.PARENT and old is not new:
        if (old in OPEN) != (new in OPEN):
            one = one.changed(f"child #{cause.number}", str(old), str(new))
        if old not in OPEN and new in OPEN and may_wait(one.ticket):
            return one.moved(Status.ON_HOLD)
        if old in OPEN and new not in OPEN:
            return _gone_on(cause, one)
    return one


def _with_master(cause: Cause, one: Beside) -> Beside:
    """Solve a slave with its master; let it go when the master was given up."""
    master = Relation(Tie.MASTER, cause.number)
    if cause.ticket.status is Status.SOLVED:
        solution = cause.ticket.solution
        before = one.ticket.solution
        one = one.moved(Status.SOLVED)
        one = replace(one, ticket=replace(one.ticket, solution=solution, escalation=0))
        one = one.changed(SOLUTION, before, solution) if solution != before else one
        note = f"It was solved with its master, #{cause.number}."
        return replace(one.noted(note), words=cause.decision.words)
    one = replace(one, ticket=untied(one.ticket, master), unties=(*one.unties, master))
    one = one.changed(str(Tie.MASTER), f"#{cause.number}", "")
    note = f"Its master, #{cause.number}, was closed without a solution, so it no longer waits."
    if one.ticket.status is Status.ON_HOLD:
        one = one.moved(Status.IN_PROGRESS)
    return one.noted(note)


def _gone_on(cause: Cause, one: Beside) -> Beside:
    """Let a parent go on when no child is open any more."""
    if one.ticket.status not in OPEN:
        return one
    children = others(one.ticket, Tie.CHILD)
    known = [cause.knows(number) for number in children]
    if any(child is not None and child.status in OPEN for child in known):
        return one
    names = ", ".join(f"#{number}" for number in children)
    if one.ticket.status is Status.ON_HOLD:
        one = one.moved(Status.IN_PROGRESS)
    return one.noted(f"All its children are done: {names}." if names else "It has no child now.")


def _decision(cause: Cause, one: Beside, told: set[str]) -> Decision:
    by = cause.decision.events[-1].by
    reasons = (Reason.BY_RELATION,)
    event = TicketEvent(
        EventKind.RELATED, by, cause.now, one.words, changes=one.changes, reasons=reasons
    )
    event = noted(event, one.notes)
    story = Story(one.ticket, event, cause.policy)
    is_slave = cause.number in others(one.before, Tie.MASTER)
    mails = mails_beside(
        one.before, story, cause.me, told, one.said, cause.number, is_slave=is_slave
    )
    return Decision(
        cause.decision.outcome,
        reasons,
        ticket=replace(one.ticket, updated_at=cause.now),
        joins=one.joins,
        events=(event,),
        outgoing=() if one.quiet else tuple(once_each(mails)),
        unties=one.unties,
        beside=True,
    )

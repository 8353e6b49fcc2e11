"""The daily digests of support units: kept for each of them, and made when they are due.

Rule: what stands at a unit is read before, outside the transaction that makes its digest, so that
nobody waits for a long queue. It is done under the lease of the clock of tickets, and stands still
with it.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from gateway.desk import Desk
from gateway.queues import unit_names
from router.decision import Due
from router.queued import Section, UnitDesk
from router.unit_desk import look_at_desk, look_elsewhere
from router.unit_digest import STEP, kept_until, read_detail, says_anything, wants_digest
from store.digest_steps import bring_forward, keep_first, open_digests
from store.leases import LeaseLost, Term, require
from store.queue import awaited_by, queued, units_with_tickets
from store.reminders import DueStep, due_steps, postpone

KEPT_EVERY = timedelta(hours=1)
AFTER_A_FAULT = timedelta(minutes=15)
Terms = Callable[[], Sequence[Term]]
_log = structlog.get_logger("clock")


class UnitDigests:
    """The digests of one daemon, which says when it may make them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept_at: datetime | None = None

    def tick(self, terms: Terms = tuple) -> int:
        """Make the digests that are due; return how many units were told anything.

        Raises LeaseLost when the lease behind `terms` is lost, Deferred when the store fails.
        """
        now = self._desk.clock()
        if self._kept_at is None or not self._kept_at <= now < self._kept_at + KEPT_EVERY:
            keep_digests(self._desk, terms)
            self._kept_at = now
        return make_digests(self._desk, terms)


def keep_digests(desk: Desk, terms: Terms = tuple) -> None:
    """See that each unit has its next digest, by the calendars of today.

    A unit that is new has its first one on its next working day. One that is due later than its
    calendar says by now is brought forward; one that is due too early finds that out itself.
    """
    now, policy = desk.clock(), desk.policy
    names = dict.fromkeys((policy.first_line, *unit_names(desk.known.registry)))
    units = [name for name in names if wants_digest(name, policy)]
    with desk.store.reading() as conn:
        there = open_digests(conn)
    missing = [(one, kept_until(one, now, policy, now)) for one in units if one not in there]
    late = []
    for unit in units:
        row, since, due_at = there.get(unit, (0, now, now))
        wanted = kept_until(unit, since, policy, now)
        if row and wanted + AFTER_A_FAULT < due_at:  # not one that has just failed
            late.append((row, wanted))
    if not missing and not late:
        return
    with desk.store.writing() as conn:
        require(conn, terms())
        keep_first(conn, missing, now)
        for row, wanted in late:
            bring_forward(conn, row, wanted)


def make_digests(desk: Desk, terms: Terms = tuple) -> int:
    """Make the digests that are due; return how many units were told anything.

    One that fails is tried again later.
    """
    told = 0
    with desk.store.reading() as conn:
        steps = due_steps(conn, desk.clock(), only=STEP)
    for step in steps:
        try:
            since, unit = read_detail(step.detail)
            there = _desk_of(desk, unit, since) if wants_digest(unit, desk.policy) else None
            due = Due(STEP, detail=step.detail, desk=there)
            desk.do(due, reminder=step.row, terms=terms())
            told += there is not None and says_anything(there)
        except LeaseLost:
            raise
        except Exception:  # one bad unit must not hold up the others
            _log.exception("a digest failed; tried again later", row=step.row)
            _later(desk, step, terms)
    return told


def _later(desk: Desk, step: DueStep, terms: Terms) -> None:
    with desk.store.writing() as conn:  # a store that is gone says so here
        require(conn, terms())
        postpone(conn, step.row, desk.clock() + AFTER_A_FAULT)


def _desk_of(desk: Desk, unit: str, since: datetime) -> UnitDesk:
    """Look at a unit's desk; for first line at all the others, too."""
    now, policy = desk.clock(), desk.policy
    with desk.store.reading() as conn:
        found = look_at_desk(unit, queued(conn, unit), policy, now, since)
        others = list(units_with_tickets(conn)) if unit == policy.first_line else []
        escalated = found.sections[Section.ESCALATED]
        elsewhere = tuple(
            look_elsewhere(one, queued(conn, one), policy, now, escalated)
            for one in others
            if one != unit
        )
        listed = [one.ticket.number for each in found.sections.values() for one in each.kept]
        awaited = awaited_by(conn, listed)
    for section in found.sections.values():
        section.complete(lambda one: replace(one, awaits=awaited.get(one.number, ())))
    return UnitDesk(unit, since, found.tally, found.sections, elsewhere)

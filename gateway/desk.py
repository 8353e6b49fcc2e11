"""The desk as one value: the store, the rules and directories in force, and the time.

Requests that are not mails pass through here: what a person asks for on the command line, and what
falls due. Like a mail they are decided by `decide` and written in one transaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gateway.config.convert import policy, registry, roster
from gateway.config.root import Config
from gateway.directories.known import Directories
from gateway.now import utc_now
from router.authority import sender_of
from router.decide import decide
from router.decision import Command, Due, Facts, Policy
from router.heartbeat import STEP as HEARTBEAT
from router.lines.noting import REMIND
from router.ticking import MAX_LISTED, RECOUNT, TICK
from store import ticket_facts as read
from store.clock_facts import read_due_facts, read_listed
from store.commit import Decided, write
from store.counters import count
from store.digest_facts import read_held_facts, read_unanswered_facts
from store.engine import Store, repeated
from store.evidence import signature_words, write_evidence
from store.facts import Known
from store.leases import Term, require
from store.measured import step_counter
from store.paging import hooks_heard
from store.relations import hang_together, named_in
from store.reminders import mark_done, take_wanted
from store.turns import take_turn


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that deciding needs besides the request. `clock` gives aware UTC.

    `source` is what is known of the federation, or who keeps it as the directories change.
    """

    store: Store
    policy: Policy
    source: Known | Directories
    clock: Callable[[], datetime]

    @property
    def known(self) -> Known:
        """The federation as it was a few seconds ago at most."""
        return self.source if isinstance(self.source, Known) else self.source()

    def do(
        self, request: Command | Due, *, reminder: int = 0, terms: Sequence[Term] = ()
    ) -> tuple[int, ...]:
        """Decide a request and write what follows; return the tickets that it touched.

        `reminder` is the kept step that this request is; it is done in the same transaction, and
        when somebody else has done it, nothing happens. `terms` are leases that it is done under.
        Raises Refused when a command cannot be done, LeaseLost when a lease is another's, Deferred
        when the store fails.
        """
        return repeated(lambda: self._do(request, reminder, terms))

    def _do(self, request: Command | Due, reminder: int, terms: Sequence[Term]) -> tuple[int, ...]:
        now = self.clock()
        known = self.source if isinstance(self.source, Known) else self.source.fresh()
        mail = request.mail if isinstance(request, Due) else None
        with self.store.writing() as conn:
            require(conn, terms)
            if mail is not None:  # another with its signature may be decided on at this moment
                take_turn(conn, signature_words(mail))
            if isinstance(request, Command) and request.ticket:
                named = {request.ticket, *named_in(request)}
                take_turn(conn, {f"ticket {n}" for n in named | hang_together(conn, named)})
            if reminder and not mark_done(conn, reminder, now):
                return ()
            facts = self._facts(conn, request, known)
            decisions = decide(request, facts, self.policy, now)
            made = Decided(decisions)
            if mail is not None:
                sender = sender_of(mail, facts.roster, self.policy, replayed=facts.replayed)
                write_evidence(conn, [(mail.mail_id, mail.evidence, sender.standing)], now)
                proven = sender.may.open_ticket
                made = replace(made, evidence=mail.evidence, again=mail.mail_id, proven=proven)
            tickets = write(conn, [made], self.policy, now).get(0, ())
            if reminder:
                count(conn, {step_counter(request.name): 1})
            return tickets

    def _facts(self, conn: Any, request: Command | Due, known: Known) -> Facts:
        if isinstance(request, Command):
            return read.read_command_facts(conn, request, known)
        if request.mail is not None:
            return read.read_mail_ticket_facts(conn, request.mail, request.ticket, known)
        if request.name == "held-digest":
            return read_held_facts(conn, known)
        if request.name == TICK:
            return read_due_facts(conn, request.detail, known, self.clock(), only=request.ticket)
        if request.name == RECOUNT:
            return read_listed(conn, map(int, request.detail.split()), known)
        if request.name == REMIND:
            reader, only = request.detail, request.ticket
            wanted = take_wanted(conn, REMIND, reader, self.clock(), MAX_LISTED, only)
            return read_listed(conn, wanted, known)
        if request.name == "receipt-digest":
            return read_unanswered_facts(conn, request.detail, known, self.clock())
        if request.name == HEARTBEAT:
            return Facts(known.registry, known.roster, hooks=hooks_heard(conn))
        if request.row:
            return read.read_sent_facts(conn, request.row, known)
        if request.ticket:
            return read.read_ticket_facts(conn, request.ticket, known)
        return Facts(known.registry, known.roster)


def open_desk(config: Config, store: Store) -> Desk:
    """Return the desk of this configuration on an open store."""
    if not config.directory:
        return Desk(store, policy(config), Known(registry(config), roster(config)), utc_now)
    return Desk(store, policy(config), Directories(config, store, utc_now), utc_now)

"""Handing over: from the thread of a mailbox to the event loop, where Taking and Intake live.

Rule: a thread waits for a bounded time and holds no more than Intake gave it room for. The same
bytes from the same mailbox are the same mail: they are recognised here and not handed over again.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import CancelledError as FutureCancelled
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from gateway.config.imap import Imap, mailbox_name
from gateway.inbound.imap.envelope import envelope_of, unread_envelope
from gateway.inbound.imap.lease import Lease
from gateway.inbound.room import Share
from gateway.inbound.taking import Taking
from gateway.intake import COMMIT_WAIT_S
from parsers.digest import sha256_of
from parsers.errors import Deferred
from store.engine import Store
from store.mailboxes import remember_again, taken_before
from store.origins import Origin

LOOP_WAIT_S = 10.0
SILENT_LOOP = "no answer from our own loop"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Handed:
    """UIDs of mails that were kept now, and of those that were recognised."""

    kept: tuple[int, ...]
    again: tuple[int, ...]


class Handing:
    """The way of one mailbox's mails to the journal. Used from the mailbox's thread."""

    def __init__(
        self,
        section: Imap,
        taking: Taking,
        store: Store,
        lease: Lease,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._section = section
        self._name = mailbox_name(section)
        self._taking = taking
        self._store = store
        self._lease = lease
        self._loop = loop

    def make_room(self, size: int) -> Share:
        """Return room for mails of this many bytes; raises Deferred while there is none."""
        share = self._taking.intake.share()  # counts nothing yet
        made: Future[None] = Future()

        def make() -> None:
            if made.set_running_or_notify_cancel():  # else nobody waits, and nothing is counted
                try:
                    self._taking.intake.require_room(size)
                    share.count(size)
                    made.set_result(None)
                except Exception as error:
                    made.set_exception(error)

        self._soon(make)
        try:
            made.result(LOOP_WAIT_S)
        except FutureTimeout as error:
            if made.cancel():
                raise Deferred("The helpdesk is busy.", SILENT_LOOP) from error
            made.result()  # it was done in this very moment
        return share

    def hand_over(self, uidvalidity: int, mails: Mapping[int, bytes], share: Share) -> Handed:
        """Keep mails, by UID, and give the room back; raises Deferred when one was not kept.

        What was kept before that is kept: `store.mailboxes.remembered` tells. Raises LeaseLost,
        and keeps nothing, when the mailbox is another daemon's by now.
        """
        first: dict[str, int] = {}  # sha256 -> UID
        digests = {uid: sha256_of(raw) for uid, raw in mails.items()}
        known = taken_before(self._store, self._name, list(digests.values()))
        for uid, digest in digests.items():
            if digest not in known:
                first.setdefault(digest, uid)
        term = self._lease.term
        new = [(Origin(self._name, uidvalidity, uid, term), mails[uid]) for uid in first.values()]
        ids = self._there(self._keep(new, share), COMMIT_WAIT_S + LOOP_WAIT_S)
        known |= dict(zip(first, ids, strict=True))
        again = [uid for uid, digest in digests.items() if first.get(digest) != uid]
        same = {
            Origin(self._name, uidvalidity, uid): (digests[uid], known[digests[uid]])
            for uid in again
        }
        remember_again(self._store, same, self._taking.now())
        return Handed(tuple(first.values()), tuple(again))

    def refuse(self, reason: str) -> None:
        """Let a mail that could not be taken stand among the refusals."""
        envelope = unread_envelope(self._section.address, self._taking.now())
        self._soon(lambda: self._taking.refuse_unread(envelope, reason))

    def give_back(self, share: Share) -> None:
        """Give room back that was not used."""
        with suppress(Deferred):  # closing, and the room with it
            self._soon(share.give_back)

    async def _keep(self, mails: Sequence[tuple[Origin, bytes]], share: Share) -> list[int]:
        share.give_back()  # from here on, Intake counts them
        section, taking = self._section, self._taking
        done = await asyncio.gather(
            *(
                taking.take(
                    envelope_of(
                        raw,
                        taking.addresses,
                        address=section.address,
                        recipient_header=section.recipient_header,
                        tls=section.tls != "off",
                        mailbox=self._name,
                        now=taking.now(),
                    ),
                    raw,
                    origin,
                )
                for origin, raw in mails
            ),
            return_exceptions=True,
        )
        for outcome in done:
            if isinstance(outcome, BaseException):
                raise outcome
        return [outcome for outcome in done if isinstance(outcome, int)]

    def _soon(self, work: Callable[[], None]) -> None:
        """Let the event loop do something soon; raises Deferred when it is closed."""
        try:
            self._loop.call_soon_threadsafe(work)
        except RuntimeError as error:
            raise Deferred("The helpdesk is closing.", "closing") from error

    def _there(self, work: Coroutine[Any, Any, T], timeout_s: float) -> T:
        """Do something in the event loop and wait for it; raises Deferred when it takes long."""
        try:
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError as error:  # the loop is closed
            work.close()
            raise Deferred("The helpdesk is closing.", "closing") from error
        try:
            return future.result(timeout_s)
        except (FutureTimeout, FutureCancelled) as error:
            future.cancel()
            raise Deferred("The helpdesk is busy.", SILENT_LOOP) from error

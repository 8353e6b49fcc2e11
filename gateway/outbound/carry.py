"""One row's way: written, handed over, and marked as what became of it.

Each row that comes in leaves by exactly one move: sent, postponed, failed or handed back. A fault
of ours (a bug, a full disk) is tried a few times and then parked as failed, so that it is seen and
never stands in the way of the row behind it.
"""

import asyncio
import random
from collections.abc import Callable
from datetime import datetime
from functools import partial

import structlog

from gateway.outbound.errors import RelayDown
from gateway.outbound.handover import Handover
from gateway.outbound.letter import Writer
from gateway.outbound.marks import Marks
from gateway.outbound.pace import row_wait
from parsers.errors import Deferred, MailError
from router.addresses import LANE_ALARM
from store import outbox
from store.outbox import Move, OutboxRow

FAULT_ATTEMPTS = 3
_log = structlog.get_logger(__name__)

OnFailed = Callable[[OutboxRow, str], bool | None]


class Carrier:
    """Carries single rows. `on_failed` hears of a row before it is marked as failed.

    It runs in a thread. When it answers True it has marked the row itself, in the transaction that
    followed the failure up; else it may hear of the row twice after a crash. When it raises, the
    row is tried again later. `chance` gives the jitter of waits, in [0, 1).
    """

    def __init__(
        self,
        writer: Writer,
        handover: Handover,
        marks: Marks,
        now: Callable[[], datetime],
        *,
        on_failed: OnFailed | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._writer = writer
        self._handover = handover
        self._marks = marks
        self._now = now
        self._on_failed = on_failed
        self._chance = chance

    async def carry(self, row: OutboxRow) -> None:
        """Bring one claimed row to its next state; never raises."""
        try:
            move = await self._move(row)
            if not await self._marks.put(move):
                _log.warning("claim lost, the mail may go twice", row=row.id)
        except Exception:  # the claim expires, and the row goes again
            _log.exception("row left to its claim", row=row.id)

    async def fail(self, row: OutboxRow, error: str) -> None:
        """Give one claimed row up without trying it; never raises."""
        try:
            await self._marks.put(await self._give_up(row, error))
        except Exception:
            _log.exception("row left to its claim", row=row.id)

    async def _move(self, row: OutboxRow) -> Move:
        """Try the row once and say what is to be written about it."""
        try:
            letter = await asyncio.to_thread(self._writer.letter, row)
            said = await self._handover.send(letter, row.lane)
        except RelayDown as error:
            return await self._later(row, error, self._when_up(row), counts=False)
        except Deferred as error:
            return await self._later(row, error, self._next_try(row))
        except MailError as error:  # Refused by the relay, or Malformed: no address to write to
            return await self._give_up(row, error.detail)
        except Exception as error:
            return await self._fault(row, error)
        _log.info("mail sent", row=row.id, ticket=row.ticket, kind=str(row.kind), relay=said)
        return partial(outbox.sent, row=row, now=self._now(), words=letter.words)

    async def _later(
        self, row: OutboxRow, error: MailError, due_at: datetime, *, counts: bool = True
    ) -> Move:
        if self._now() >= row.give_up_at:
            return await self._give_up(row, error.detail)
        _log.warning("mail not taken yet", row=row.id, again_at=due_at, reason=error.detail)
        return partial(outbox.postpone, row=row, due_at=due_at, error=error.detail, counts=counts)

    async def _fault(self, row: OutboxRow, error: Exception) -> Move:
        _log.exception("row not carried", row=row.id)
        text = f"{type(error).__name__}: {error}"
        if row.attempts >= FAULT_ATTEMPTS:
            return await self._give_up(row, text)
        return partial(
            outbox.postpone, row=row, due_at=self._next_try(row), error=text, counts=True
        )

    async def _give_up(self, row: OutboxRow, error: str) -> Move:
        _log.error("mail given up", row=row.id, ticket=row.ticket, to=row.recipient, reason=error)
        if self._on_failed is not None:
            try:
                if await asyncio.to_thread(self._on_failed, row, error):
                    return _left
            except Exception:
                _log.exception("failure not announced, tried again later", row=row.id)
                again = self._next_try(row)
                return partial(outbox.postpone, row=row, due_at=again, error=error, counts=True)
        return partial(outbox.failed, row=row, error=error)

    def _next_try(self, row: OutboxRow) -> datetime:
        return self._now() + row_wait(row.attempts, row.lane, self._chance())

    def _when_up(self, row: OutboxRow) -> datetime:
        """Wait for the relay and not for the row, behind the rows that were not tried."""
        opens_at = self._handover.gate.opens_at
        if opens_at is None or row.lane == LANE_ALARM:
            return self._now() + row_wait(1, row.lane, self._chance())
        return opens_at


def _left(_conn: object) -> bool:
    """Leave a row as it is."""
    return True

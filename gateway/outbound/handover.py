"""Which relay gets a mail, and what is known about each.

All mail goes to the first relay. An alarm that the first one does not take within its patience, or
refuses, goes to the second, if there is one.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from gateway.outbound.errors import RecipientDeferred, RelayDown
from gateway.outbound.letter import Letter
from gateway.outbound.pace import Gate
from gateway.outbound.relay import Relay
from parsers.errors import Deferred, Refused
from router.addresses import LANE_ALARM


@dataclass(frozen=True, slots=True)
class Relays:
    """The relays of this helpdesk; `second` only serves alarms."""

    first: Relay
    second: Relay | None = None


class Handover:
    """Hands letters to relays. `patience_s` is how long the first relay may take for an alarm."""

    def __init__(
        self, relays: Relays, now: Callable[[], datetime], *, send_s: float, patience_s: float
    ) -> None:
        self._relays = relays
        self._send_s = send_s
        self._patience_s = patience_s
        self.gate = Gate(now)

    async def send(self, letter: Letter, lane: int) -> str:
        """Return what the relay said; raises Refused, Deferred or RelayDown as the last one did."""
        second = self._relays.second
        if lane != LANE_ALARM or second is None:
            return await self._first(letter, self._send_s)
        refusal: Refused | None = None
        if not self.gate.closed or self.gate.may_probe():
            try:
                return await self._first(letter, self._patience_s)
            except Refused as error:
                refusal = error
            except Deferred:
                refusal = None  # the second relay's answer is the one that counts
        try:
            return await _within(second, letter, self._send_s)
        except Deferred:
            if refusal is not None:
                raise refusal from None
            raise

    async def close(self) -> None:
        """Close what the relays keep open."""
        for relay in (self._relays.first, self._relays.second):
            if relay is not None:
                with suppress(OSError, Deferred):
                    await relay.close()

    async def _first(self, letter: Letter, limit_s: float) -> str:
        """Send by the first relay, and note in its gate what that says about the relay."""
        try:
            said = await _within(self._relays.first, letter, limit_s)
        except RelayDown:
            self.gate.down()
            raise
        except (Refused, RecipientDeferred):
            self.gate.took()  # it works: it judged this mail
            raise
        except Deferred:
            self.gate.strike()
            raise
        self.gate.took()
        return said


async def _within(relay: Relay, letter: Letter, limit_s: float) -> str:
    try:
        async with asyncio.timeout(limit_s):
            return await relay.send(letter.mail, letter.mail_from, letter.rcpt)
    except TimeoutError as error:
        late = f"the relay took longer than {limit_s:.0f} s"
        raise RelayDown("Mail cannot be sent at the moment.", late) from error

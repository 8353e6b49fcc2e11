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
        self._refusal = ""

    async def send(self, letter: Letter, lane: int) -> str:
        """Return what the relay said that took it; raises as the relays did.

        For an alarm Refused only when both refuse it, since either may know better.
        """
        second = self._relays.second
        if lane != LANE_ALARM or second is None:
            return await self._first(letter, self._send_s)
        ways = [
            lambda: self._first(letter, self._patience_s),
            lambda: _within(second, letter, self._patience_s),
        ]
        if self.gate.closed:  # an alarm is not spent on a probe
            ways.reverse()
        try:
            return await ways[0]()
        except Refused:
            return await ways[1]()
        except Deferred as error:
            try:
                return await ways[1]()
            except Refused:
                raise error from None

    def trouble(self) -> str:
        """Return why the first relay takes nothing, "" while it does."""
        return f"the relay takes nothing: {self._refusal}" if self.gate.closed else ""

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
        except RelayDown as error:
            self._refusal = error.detail
            self.gate.down()
            raise
        except (Refused, RecipientDeferred):
            self.gate.took()  # it works: it judged this mail
            raise
        except Deferred as error:
            self._refusal = error.detail
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

"""A courier on a real store with quick settings."""

import asyncio
from collections.abc import Callable
from typing import Any

from gateway.outbound.carry import OnFailed
from gateway.outbound.courier import Courier, Settings
from gateway.outbound.handover import Relays
from gateway.outbound.letter import Writer
from gateway.outbound.relay import Relay
from store.engine import Store
from templates.render import Speaker
from tests.outbound.rows import KEYS, OURS, FakeTime

QUICK = Settings(mark_waits_s=())
SPEAKER = Speaker()


def writer(speaker: Speaker | None = None, raw_of: Any = None, link_of: Any = None) -> Writer:
    return Writer(
        speaker or SPEAKER,
        name="Example Helpdesk",
        addresses=OURS,
        keys=KEYS,
        raw_of=raw_of or (lambda _mail: None),
        link_of=link_of,
    )


def courier(
    store: Store,
    relay: Relay,
    *,
    now: Callable[[], Any] | None = None,
    settings: Settings = QUICK,
    second: Relay | None = None,
    on_failed: OnFailed | None = None,
    write: Writer | None = None,
) -> Courier:
    return Courier(
        store,
        write or writer(),
        Relays(relay, second),
        settings,
        now or FakeTime(),
        on_failed=on_failed,
    )


async def until(condition: Callable[[], bool], limit_s: float = 60) -> None:
    """Wait for a condition of the store, which nobody announces, until a deadline."""
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - another process or thread fulfils it
            await asyncio.sleep(0.005)

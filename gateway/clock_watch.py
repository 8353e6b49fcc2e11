"""Whether the wall clock can be believed: by the time since the machine was started, and the store.

Rule: the wall clock and the seconds since the start of the machine go at one speed. When they part
by more than 15 minutes, the wall clock has jumped; a machine that slept, or was off, has not. On
another machine, or after another start, only a clock before the last look is known to be wrong
here (`gateway.ticket_clock` asks a shared database first). A jump stops the clock until the wall
clock is back where it should be, or an operator says that it is right.
"""

import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from store.clock_state import ClockState

JUMP = timedelta(minutes=15)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIMES = Path("/proc/self/ns/time")
_THIS_PROCESS = f"process {uuid.uuid4()}"


class Verdict(StrEnum):
    """What follows from a look."""

    GOES = "goes"
    STOPS = "stops"
    STANDS = "stands"
    GOES_ON = "goes on"


@dataclass(frozen=True, slots=True)
class Look:
    """The wall clock, the start of the machine that it was seen on, and the seconds since."""

    at: datetime
    boot: str
    up_s: float

    @property
    def ahead_s(self) -> int:
        """Return the wall clock at the start of the machine, in seconds of its own count."""
        return round(self.at.timestamp() - self.up_s)


def look(at: datetime) -> Look:
    """Look at the clocks of this machine; `at` is the wall clock."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return Look(at, _boot(), time.clock_gettime(time.CLOCK_BOOTTIME))
    return Look(at, _THIS_PROCESS, time.monotonic())


def judge(state: ClockState, seen: Look) -> tuple[Verdict, str]:
    """Return whether the clock may go, and for a stop why not."""
    off = _off(state, seen)
    is_right = off is not None and abs(off) <= JUMP
    if state.stopped_at is None:
        if off is None or is_right:
            return Verdict.GOES, ""
        return Verdict.STOPS, _why(off, seen)
    if is_right:
        return Verdict.GOES_ON, ""
    if off is not None or state.ticked_at is None:
        return Verdict.STANDS, ""
    # Another machine or start: a clock that was behind is not any more, or one that was ahead now
    # says less than it did then.
    was_behind = state.stopped_at < state.ticked_at
    return (Verdict.GOES_ON if was_behind or seen.at < state.stopped_at else Verdict.STANDS), ""


def _off(state: ClockState, seen: Look) -> timedelta | None:
    """Return how far the wall clock is from where it should be; None when nobody can say.

    Behind the last look is wrong on every machine.
    """
    if state.ticked_at is None:
        return None
    if state.boot == seen.boot:
        return timedelta(seconds=seen.ahead_s - state.ahead_s)
    behind = seen.at - state.ticked_at
    return behind if behind < -JUMP else None


def _why(off: timedelta, seen: Look) -> str:
    minutes = abs(off).total_seconds() / 60
    where = "ahead of" if off > timedelta() else "behind"
    return (
        f"the clock of the machine says {seen.at:%Y-%m-%d %H:%M} UTC and is {minutes:.0f} minutes"
        f" {where} where it should be"
    )


def _boot() -> str:
    """Return what names this start of the machine, and its time namespace where it has one."""
    try:
        boot = _BOOT_ID.read_text().strip()
    except OSError:
        return _THIS_PROCESS
    try:
        return f"{boot} {_TIMES.readlink()}"
    except OSError:
        return boot

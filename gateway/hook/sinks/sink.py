"""What every sink of the hook is: one monitoring system that shows alarms.

A sink is one file beside this one, one row of `table.SINKS`, one block of the configuration and
one page of docs/hook/. It is told the whole picture each time, so that telling it again changes
nothing.
It never waits without a timeout, prints nothing, and knows no other sink.
Standard library only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from parsers.alarm import Alarm
from parsers.alarm_answer import Answer


@dataclass(frozen=True, slots=True)
class Showing:
    """What is to be shown: the newest document of one alarm, and how the site stands as a whole.

    `open_alarms` are the newest documents of all alarms of the site that are not resolved, the one
    in `alarm` included unless it is resolved, the oldest first.
    """

    alarm: Alarm
    open_alarms: tuple[Alarm, ...]


class Sink(Protocol):
    """One monitoring system, as configured."""

    def show(self, showing: Showing) -> str:
        """Make the system show it; return, for the log, where it can be seen.

        Returns only when the system has it, as far as the system lets us know. Safe to repeat.
        Raises Deferred when it is worth trying again, Refused when only a person can help.
        """
        ...

    def heard(self, open_alarms: Sequence[Alarm]) -> Sequence[Answer]:
        """Return what people did to these alarms in the system since; empty when it says none.

        For systems that send nothing by themselves. The hook mails each answer once.
        Raises like `show`.
        """
        ...

"""All parts of the hook together, as configured: the one place where they meet.

Standard library only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gateway.hook.admin import Admin
from gateway.hook.config import Config
from gateway.hook.outbox import Outbox
from gateway.hook.sinks.sink import Showing, Sink
from gateway.hook.sinks.table import SINKS
from gateway.hook.spool import Spool
from gateway.hook.state import LOCAL, Alarms
from gateway.hook.verify import Check, way
from gateway.now import utc_now
from parsers.alarm import Alarm
from parsers.alarm_answer import Answer
from parsers.errors import Refused


@dataclass(frozen=True, slots=True)
class Hook:
    """The parts. `sinks` are by their names in the configuration, in its order.

    `now` tells the time in whole seconds, aware UTC.
    """

    config: Config
    spool: Spool
    alarms: Alarms
    outbox: Outbox
    admin: Admin
    sinks: Mapping[str, Sink]
    check: Check
    now: Callable[[], datetime]

    @property
    def locks(self) -> Path:
        """Where locks lie that stay."""
        return self.config.directory / "locks"

    def open_alarms(self) -> tuple[Alarm, ...]:
        """Return the newest documents of all alarms to be shown, the oldest first."""
        return tuple(
            state.alarm
            for state in self.alarms.all()
            if state.is_open and (":" not in state.key or state.key.startswith(LOCAL))
        )


class _Unusable:
    """Stands for a sink whose settings are wrong: it alone fails, and says why each time."""

    def __init__(self, why: str) -> None:
        self.why = why

    def show(self, showing: Showing) -> str:
        """Refuse."""
        del showing
        raise Refused("Not usable.", self.why)

    def heard(self, open_alarms: Sequence[Alarm]) -> Sequence[Answer]:
        """Refuse."""
        del open_alarms
        raise Refused("Not usable.", self.why)


def whole_seconds() -> datetime:
    """Return the time of the wall clock, aware UTC, as precise as documents and states are."""
    return utc_now().replace(microsecond=0)


def open_hook(config: Config, now: Callable[[], datetime] = whole_seconds) -> Hook:
    """Return the hook, its directories made; raises OSError."""
    spool = Spool(config.directory)
    outbox = Outbox(config.directory, config.mail)
    admin = Admin(config.directory, outbox, config.admin)
    shown_by = [block.name for block in config.sinks if not block.fallback]
    return Hook(
        config=config,
        spool=spool,
        alarms=Alarms(
            config.directory, shown_by, lambda text: admin.tell("broken state", text, now())
        ),
        outbox=outbox,
        admin=admin,
        sinks=_sinks(config),
        check=way(config.openssl, config.directory),
        now=now,
    )


def _sinks(config: Config) -> Mapping[str, Sink]:
    sinks: dict[str, Sink] = {}
    for block in config.sinks:
        try:
            sinks[block.name] = SINKS[block.kind].make(block.settings, config.sites[0])
        except Exception as error:
            sinks[block.name] = _Unusable(str(error))
    return sinks

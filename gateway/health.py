"""The state of the daemon as lines: one for each door and role of the configuration, store, disk.

Rule: what the configuration expects must have said "ok" within a minute. Who says nothing is
silent, and that is as bad as failing; of who was stopped the store says so. Rows of doors that are
no longer configured are not looked at. Where several daemons share a store each name ends in its
daemon's; the others may be asked for too, and one that has been silent for an hour is gone and no
longer missed. Nothing secret stands in a line, and nothing here raises.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from gateway.config.checks import NOT_YET
from gateway.config.root import Config
from gateway.inbound.room import RESERVE_BYTES, free_bytes
from gateway.processes.naming import daemon_of
from parsers.errors import MailError
from parsers.text import clean
from store.clock_state import ClockState, read_clock
from store.engine import Store
from store.health import SILENT_AFTER, Health, read_doors, read_roles

LOOKED_WITHIN = timedelta(minutes=10)  # at the clock of tickets; it is noted every minute
MISSED_FOR = timedelta(hours=1)  # a daemon that was taken away makes nothing red for ever
PART = "store "
HALVES = ("tickets", "journal")  # in the order of a store's files
UNKNOWN = "nothing is known, because the store cannot be read"


class State(StrEnum):
    """How something is."""

    OK = "ok"
    FAILING = "failing"
    SILENT = "silent"
    STOPPED = "stopped"
    STARTING = "starting"  # stopped a moment ago, and its daemon is here again


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that must be well. `detail` is "" when it is; `since` may not be known."""

    name: str
    state: State
    detail: str = ""
    since: datetime | None = None

    def __str__(self) -> str:
        """Return the line for people."""
        since = f"since {self.since:%Y-%m-%d %H:%M:%S} UTC" if self.since else ""
        words = (f"{self.name}: {self.state}", clean(self.detail, one_line=True), since)
        return ", ".join(word for word in words if word)


def all_well(lines: Sequence[Line]) -> bool:
    """Whether everything is ok, or about to be."""
    return all(line.state in {State.OK, State.STARTING} for line in lines)


def look(
    config: Config,
    store: Store | None,
    now: datetime,
    *,
    within: timedelta = SILENT_AFTER,
    of: str = "",
    others: bool = False,
    starting: bool = False,
) -> tuple[Line, ...]:
    """Look at everything; `store` is None when it could not even be opened.

    `of` is what this daemon adds to its names, where several daemons share a store; with `others`
    a line comes for each door and slot of those too that have said something within an hour.
    `starting` is for the daemon itself: it knows that what it stopped has been started again.
    """
    missed = now - MISSED_FOR if others and of else None
    ages = _Ages(now - within, missed, of, starting=starting)
    lines = [
        *_of_part("journal", store, read_doors, expected_doors(config, of), ages),
        *_of_part("tickets", store, read_roles, expected_roles(config, of), ages),
    ]
    return (*lines, *_clock(store, now), *_disk_of(store))


def look_around(
    store: Store | None, why: str, now: datetime, *, within: timedelta = SILENT_AFTER
) -> tuple[Line, ...]:
    """Look at everybody who has said something within an hour, where nobody knows who should.

    `store` is None when it cannot be looked at; `why` says so as the end of a sentence.
    """
    if store is None:
        detail = f"nothing is known of the daemon, because {why}"
        return (Line("store", State.FAILING, detail),)
    ages = _Ages(now - within, now - MISSED_FOR, everybody=True)
    halves = (
        *_of_part("journal", store, read_doors, (), ages),
        *_of_part("tickets", store, read_roles, (), ages),
    )
    nobody = Line("daemon", State.SILENT, "nobody has said anything for an hour")
    speaks = any(not line.name.startswith(PART) for line in halves)
    readable = any(line.name.startswith(PART) and line.state is State.OK for line in halves)
    silent = [nobody] if readable and not speaks else []
    return (*halves, *silent, *_clock(store, now), *_disk_of(store))


def expected_doors(config: Config, of: str = "") -> list[str]:
    """Return the doors that the configuration opens, as they name themselves.

    A mailbox is read by one daemon only, so its name is enough.
    """
    doors = [name + of for name in ("smtp", "lmtp") if getattr(config, name).listen is not None]
    boxes = () if "imap" in NOT_YET else config.imap
    names = [f"imap {box.user}@{box.host}/{getattr(box, 'folder', 'INBOX')}" for box in boxes]
    return [*doors, *names]


def expected_roles(config: Config, of: str = "") -> list[str]:
    """Return the slots that the configuration starts, as they name themselves."""
    slots = [*(f"work-{number}" for number in range(config.work.processes)), "courier-0"]
    slots += ["web-0"] if config.web.listen is not None else []
    return [slot + of for slot in slots]


@dataclass(frozen=True, slots=True)
class _Ages:
    """Who says nothing since `fresh` is silent; others than `of` since `missed` are gone.

    With `everybody` our own are looked at like others. With `starting` who was stopped since
    `fresh` is given time to speak.
    """

    fresh: datetime
    missed: datetime | None
    of: str = ""
    everybody: bool = False
    starting: bool = False

    def shows(self, one: Health) -> bool:
        """Whether this is one that nobody has named, and is looked at."""
        if self.missed is None or one.at < self.missed:
            return False
        return self.everybody or daemon_of(one.name) not in {"", self.of}


def _of_part(
    part: str,
    store: Store | None,
    read: Callable[[Store], Sequence[Health]],
    names: Sequence[str],
    ages: "_Ages",
) -> list[Line]:
    """Return a line for one half of the store, and one for each who writes into it."""
    why, said = "the store is not there", {}
    if store is not None:
        try:
            for file in store.files[HALVES.index(part) :][:1]:
                file.require()
            why, said = "", {one.name: one for one in read(store)}
        except Exception as error:
            why = _why(error)
    own = Line(PART + part, State.FAILING if why else State.OK, why)
    if why:
        return [own, *(Line(name, State.SILENT, UNKNOWN) for name in names)]
    strangers = [name for name, one in said.items() if ages.shows(one)]
    return [own, *(_line(name, said.get(name), ages) for name in (*names, *strangers))]


def _line(name: str, said: Health | None, ages: "_Ages") -> Line:
    if said is None:
        return Line(name, State.SILENT, "it has never said how it is")
    if said.stopped:
        soon = ages.starting and said.at >= ages.fresh
        return Line(name, State.STARTING if soon else State.STOPPED, said.detail, said.since)
    if said.at < ages.fresh:
        return Line(name, State.SILENT, said.detail, said.at)
    return Line(name, State.FAILING if said.failing else State.OK, said.detail, said.since)


def _clock(store: Store | None, now: datetime) -> list[Line]:
    """Return a line when the clock of tickets stands still, or nobody looks at it any more.

    That the store is gone has a line of its own.
    """
    try:
        with store.reading() if store is not None else nullcontext() as conn:
            state = read_clock(conn) if conn is not None else ClockState()
    except Exception:  # said above
        return []
    if state.stopped_at is not None:
        return [Line("clock", State.FAILING, f"it stands still: {state.why}", state.stopped_at)]
    if state.ticked_at is not None and now - state.ticked_at > LOOKED_WITHIN:
        return [Line("clock", State.SILENT, "nobody has looked at it", state.ticked_at)]
    return []


def _disk_of(store: Store | None) -> list[Line]:
    return [_disk(store.lock_path.parent)] if store is not None and store.lock_path else []


def _disk(directory: Path) -> Line:
    try:
        free = free_bytes(directory)
    except OSError as error:
        return Line("disk", State.FAILING, error.strerror or str(error))
    if free >= RESERVE_BYTES:
        return Line("disk", State.OK)
    mega = 1024 * 1024
    text = f"{free // mega} MiB free, mail is taken from {RESERVE_BYTES // mega} MiB on"
    return Line("disk", State.FAILING, text)


def _why(error: Exception) -> str:
    """Return the reason without a statement or its parameters."""
    said = error.detail if isinstance(error, MailError) else str(getattr(error, "orig", error))
    return f"it cannot be read: {said}"

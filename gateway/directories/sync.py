"""Keeping in step with the directories: read, judge, and write, in one transaction for each.

What follows from a new copy is decided like everything else: notices go through `decide`, and each
open ticket whose site is gone becomes a step of the clock. A copy that is kept is never taken away
by trouble.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from gateway.config.root import Config
from gateway.desk import Desk
from gateway.directories.known import federation_of
from gateway.directories.reading import Heard, read_directory
from parsers.errors import MailError
from parsers.registry import Registry
from parsers.roster import Roster
from router.decide import decide
from router.decision import Due, Facts
from router.directories import Changes, Judgement, Said, another_week, judge, tell
from router.federation import Federation, without_alarm_address
from router.registers import ALARM_ADDRESSES
from router.words import OPEN
from store.commit import Decided, write
from store.directories import (
    Attempt,
    Claim,
    DirectoryState,
    claim,
    expect,
    finish,
    holds,
    let_go,
    next_due,
    read_copy,
    read_states,
    write_copy,
)
from store.engine import repeated
from store.notified import tickets_by_site
from store.reminders import keep_once

RETRY = timedelta(hours=1)
JITTER = 0.1


@dataclass(frozen=True, slots=True)
class Synced:
    """How reading one directory ended. `kept` is the time of the copy now in use."""

    name: str
    said: Said
    detail: str = ""
    changes: Changes = field(default_factory=Changes)
    notes: tuple[str, ...] = ()
    kept: datetime | None = None

    def __str__(self) -> str:
        """Return it as one line for people."""
        if self.said is Said.OK:
            words = [f"{self.name}: {self.changes}", self.detail and f"accepted: {self.detail}"]
        else:
            since = f"the copy of {self.kept:%Y-%m-%d %H:%M} UTC stays" if self.kept else "no copy"
            words = [f"{self.name}: {self.said}" + (self.detail and f": {self.detail}"), since]
        return "; ".join(word for word in words if word)


def sync(
    desk: Desk,
    config: Config,
    name: str,
    by: str,
    pause: Callable[[float], object] = time.sleep,
    *,
    accept: bool = False,
    due: bool = False,
) -> Synced | None:
    """Read directory `name` and keep what it says; `by` names who reads.

    `due` reads it only when it is due. `accept` lets a shrinkage pass. None when somebody else is
    reading it, or it is not due; also when reading took so long that somebody else has begun: an
    older answer never replaces a newer one. Raises Deferred when the store fails.
    """
    now = desk.clock()
    with desk.store.writing() as conn:
        expect(conn, [name], now)
        taken = claim(conn, name, by, now, due=due)
    if taken is None:
        return None
    try:
        heard = read_directory(config.directory[name], config.file.parent, now, pause)
        return repeated(lambda: _keep(desk, config, taken, heard, accept=accept))
    except KeyboardInterrupt:  # a person at a terminal, who may ask again at once
        with suppress(MailError), desk.store.writing() as conn:
            let_go(conn, taken)
        raise


def sync_what_is_due(
    desk: Desk, config: Config, by: str, pause: Callable[[float], object] = time.sleep
) -> Iterator[Synced]:
    """Read one directory after the other until none is due; give how each ended."""
    names = list(config.directory)
    while names:
        with desk.store.reading() as conn:
            states = read_states(conn)
        if any(name not in states for name in names):
            with desk.store.writing() as conn:
                expect(conn, names, desk.clock())
        with desk.store.reading() as conn:
            name = next_due(conn, names, desk.clock())
        if name is None:
            return
        done = sync(desk, config, name, by, pause, due=True)
        if done is not None:
            yield done


def _keep(desk: Desk, config: Config, taken: Claim, heard: Heard, *, accept: bool) -> Synced | None:
    """Judge and write in one transaction; None when the directory is no longer ours."""
    name = taken.name
    now, directory = desk.clock(), config.directory[name]
    with desk.store.writing() as conn:
        if not holds(conn, taken):
            return None
        before = read_states(conn)[name]
        kept = read_copy(conn, name)
        judgement, changes = Judgement(heard.said, heard.detail), Changes()
        notes = heard.answer.notes if heard.answer is not None else ()
        if heard.answer is not None:
            judgement = judge(
                kept,
                heard.answer,
                now,
                expected=heard.expected,
                max_shrink=directory.max_shrink,
                accept=accept,
            )
            if judgement.said is Said.OK:
                changes = write_copy(conn, name, heard.answer, now)
        good = judgement.said is Said.OK
        again = another_week(before.good_at or before.since, before.tried_at, now)
        telling = tell(name, judgement, before.told, _spelt(before.good_at), again=again)
        every = directory.every if good else min(directory.every, RETRY)
        spread = 1 + random.uniform(-JITTER, JITTER)  # noqa: S311 - no secret
        attempt = Attempt(judgement.said, judgement.detail, notes, changes)
        finish(conn, before, attempt, told=telling.told, now=now, due_at=now + every * spread)
        if telling.text:
            _decide(conn, desk, Due("directory", detail=telling.text), now)
        if good:
            _follow(conn, config, now)
    return Synced(name, judgement.said, judgement.detail, changes, notes,
                  now if good else before.good_at)  # fmt: skip


def _spelt(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""


def _decide(conn: Any, desk: Desk, due: Due, now: datetime) -> None:
    decisions = decide(due, Facts(Registry(), Roster()), desk.policy, now)
    write(conn, [Decided(decisions)], desk.policy, now)


def _follow(conn: Any, config: Config, now: datetime) -> None:
    """Let the clock look at what a new copy may have changed; each step decides for itself."""
    federation = federation_of(config, conn, now)
    if without_alarm_address(federation.registry):
        keep_once(conn, ALARM_ADDRESSES, now)
    if _all_are_known(conn, config):
        for ticket in _tickets_of_gone_sites(conn, federation):
            keep_once(conn, "site-gone", now, ticket=ticket)


def _all_are_known(conn: Any, config: Config) -> bool:
    """Whether every directory has been read once: a site may be in the one that has not."""
    states: dict[str, DirectoryState] = read_states(conn)
    return all(name in states and states[name].good_at for name in config.directory)


def _tickets_of_gone_sites(conn: Any, federation: Federation) -> Sequence[int]:
    found: list[int] = []
    for site, tickets in tickets_by_site(conn, [str(status) for status in sorted(OPEN)]).items():
        known = federation.registry.find_sites(site)
        if not any(one.routable for one in known):
            found += tickets
    return found

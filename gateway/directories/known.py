"""The federation as it is now: the configuration and the kept copies of the directories.

Whoever decides asks here. A look at the versions in the store costs one small query and is made
every few seconds at most; only when a copy is new, or a membership ends, is all of it put together
again. While the store cannot be read, what was known stays.
"""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import structlog

from gateway.config.convert import by_hand, registry
from gateway.config.root import Config
from parsers.errors import MailError
from router.federation import Federation, Source, combine
from store.directories import read_copy, read_versions
from store.engine import Store
from store.facts import Known

LOOK_EVERY_S = 5.0
_log = structlog.get_logger("directories")


def federation_of(config: Config, conn: Any, now: datetime) -> Federation:
    """Return the federation as the configuration and the store know it.

    A directory that is no longer configured does not count, whatever is kept of it.
    """
    copies = [Source(name, read_copy(conn, name)) for name in config.directory]
    here = registry(config)
    return combine([by_hand(config), *copies], now, units=here.units, vos=here.vos)


class Directories:
    """What is known, kept in memory. May be asked from any thread."""

    def __init__(self, config: Config, store: Store, clock: Callable[[], datetime]) -> None:
        self._config, self._store, self._clock = config, store, clock
        self._lock = threading.Lock()
        self._known: Known | None = None
        self._versions: Mapping[str, int] = {}
        self._until: datetime | None = None
        self._look_at = 0.0

    def __call__(self) -> Known:
        """Return what was known a few seconds ago at most; raises Deferred before the first."""
        if self._known is None or time.monotonic() >= self._look_at:
            return self.fresh()
        return self._known

    def fresh(self) -> Known:
        """Return what is known now, as far as the store can be read."""
        with self._lock:
            try:
                self._known = self._look()
            except MailError as error:
                if self._known is None:
                    raise
                _log.warning("directories not looked at", detail=error.detail)
            self._look_at = time.monotonic() + LOOK_EVERY_S
            return self._known

    def _look(self) -> Known:
        now = self._clock()
        with self._store.reading() as conn:
            versions = read_versions(conn)  # before the copies: what is newer is seen next time
            ended = self._until is not None and self._until <= now
            if self._known is not None and versions == self._versions and not ended:
                return self._known
            found = federation_of(self._config, conn, now)
        self._versions, self._until = versions, found.until
        return Known(found.registry, found.roster)

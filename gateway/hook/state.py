"""Where the hook remembers alarms: a directory each, with the state and the documents as they came.

Rule: whoever changes a state holds the alarm's lock and writes it whole. A state that cannot be
read is set aside and said aloud, and built anew from the newest document: then each sink is told
again, which is safe, and a receipt may go twice, with the same Message-ID.

A key is the alarm's id, with a prefix for what is no alarm of a ticket: `test:` for tests that came
by mail, `heartbeat:` for the helpdesk's sign of life, `local:` for alarms of the hook's own.
Standard library only.
"""

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from gateway.hook.alarm_state import AlarmState, applied, read_state, write_state
from gateway.hook.disk import locked, make_directory, sweep, write_file
from gateway.hook.log import LOG
from parsers.errors import Malformed

TEST, HEARTBEAT, LOCAL = "test:", "heartbeat:", "local:"
STATE = "state.json"
DOCUMENT = ".alarm.json"
KEPT_DOCUMENTS = 10

Change = Callable[[AlarmState | None], AlarmState | None]


class Alarms:
    """All alarms below the hook's directory.

    `sinks` are the names of those that have to show each document, `tell` is called when a state
    had to be built anew.
    """

    def __init__(self, directory: Path, sinks: Sequence[str], tell: Callable[[str], None]) -> None:
        self.sinks = sinks
        self.directory = directory / "alarms"
        self.locks = directory / "locks"
        self.tell = tell
        make_directory(self.directory)
        make_directory(self.locks)

    def read(self, key: str) -> AlarmState | None:
        """Return what is remembered of an alarm, None when nothing is."""
        return self._read(self._place(key))

    def all(self) -> Sequence[AlarmState]:
        """Return all alarms, the one that began first first."""
        places = sorted(path for path in self.directory.iterdir() if path.is_dir())
        found = [state for state in map(self._read, places) if state is not None]
        return sorted(found, key=lambda state: (state.alarm.starts_at, state.key))

    def change(self, key: str, how: Change) -> AlarmState | None:
        """Change a state under its lock, and return it when it lasts; for None it stays as it is.

        Raises Deferred while another process holds the lock, OSError when the disk takes nothing.
        """
        with self._locked(key):
            before = self._read(self._place(key))
            after = how(before)
            if after is not None and after != before:
                self._write(after)
            return after or before

    def after(self, before: AlarmState | None, key: str, document: str, at: datetime) -> AlarmState:
        """Return the state after a new document, which the caller has judged; for `change`."""
        shown = not key.startswith((TEST, HEARTBEAT))
        return applied(before, key, document, at, self.sinks if shown else ())

    def prune(self, now: datetime, weeks: int) -> Sequence[str]:
        """Forget alarms that were resolved `weeks` ago and no longer behind; return their keys."""
        gone = []
        for state in self.all():
            if state.key.startswith(HEARTBEAT) or (
                state.is_open and not state.key.startswith(TEST)
            ):
                continue
            if now - state.received_at <= timedelta(weeks=weeks):
                continue
            with self._locked(state.key):
                if self._read(self._place(state.key)) == state:  # and not reopened just now
                    shutil.rmtree(self._place(state.key), ignore_errors=True)
                    gone.append(state.key)
        return gone

    def _write(self, state: AlarmState) -> None:
        """Write the document first: the state can be built from it, not the other way round."""
        place = self._place(state.key)
        make_directory(place)
        document = place / f"{state.seq:016}{DOCUMENT}"
        text = state.document.encode()
        if not document.exists() or document.read_bytes() != text:
            write_file(document, text)
        write_file(place / STATE, write_state(state))
        for old in sorted(place.glob(f"*{DOCUMENT}"))[:-KEPT_DOCUMENTS]:
            old.unlink(missing_ok=True)
        sweep(place)

    def _read(self, place: Path) -> AlarmState | None:
        try:
            return read_state((place / STATE).read_bytes())
        except FileNotFoundError:
            return self._rebuilt(place) if _documents(place) else None
        except Malformed as error:
            aside = place / f"{STATE}.broken-{time.time_ns()}"
            with suppress(FileNotFoundError):  # another process found it too
                (place / STATE).replace(aside)
            self.tell(f"{error.detail}; set aside as {aside} and built anew from the documents")
            return self._rebuilt(place)

    def _rebuilt(self, place: Path) -> AlarmState | None:
        """Return the state that follows from the kept documents: no sink has shown anything."""
        state: AlarmState | None = None
        for path in _documents(place):
            at = datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
            try:
                state = self.after(state, _key(place), path.read_text("utf-8"), at)
            except (Malformed, UnicodeDecodeError) as error:
                LOG.error("%s cannot be read: %s", path, error)
        return state

    def _place(self, key: str) -> Path:
        return self.directory / key.replace("/", ",")

    def _locked(self, key: str) -> AbstractContextManager[None]:
        return locked(self.locks / f"alarm-{sha256(key.encode()).hexdigest()[:2]}")


def _documents(place: Path) -> Sequence[Path]:
    return sorted(path for path in place.glob(f"*{DOCUMENT}") if path.name[0] != ".")


def _key(place: Path) -> str:
    return place.name.replace(",", "/")

"""The daemon under test: the real program on a scratch configuration, and its books.

SQLite with every sync, a maildir as relay, and caps so high that no mail of the benchmark is
refused or goes unanswered for its number. What came of the mails is read with plain SQL.
"""

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.letters import Letter
from running import Helpdesk
from torture.books import Books, opened

LOOK_S = 0.02
STALL_S = 120.0
NOTICES = 3  # of a mail for INFN-T1: the site, its ROC, a receipt
_DOOR = 'listen = "127.0.0.1:0"\n'
_CAPS = f"""{_DOOR}max_size = 30_000_000
connections = 2000
connections_per_address = 2000
"""
_ROUTING = """[routing]
receipts_per_hour = 10000
held_notices_per_hour = 10000

[store]"""
CHANGES = {_DOOR: _CAPS, "[store]": _ROUTING}
_NUMBER = re.compile(r"(\d{11})$")


class Lost(Exception):  # noqa: N818 - a promise was broken, and the figure is worth nothing
    """Mails and tickets do not agree."""


class Desk(Helpdesk):
    """A running daemon that is asked what became of a round."""

    def __init__(self, place: Path, changes: dict[str, str] | None = None) -> None:
        super().__init__(place, CHANGES | (changes or {}))
        self.books = Books(place)
        self._decided = self._ticket = self._row = 0

    def begin_round(self) -> None:
        """Remember where the books stand."""
        self._decided = self.books.number("SELECT max(mail) FROM inbox")
        self._ticket = self.books.number("SELECT max(number) FROM ticket")
        self._row = self.books.number("SELECT max(id) FROM outbox")

    def wait_decided(self, mails: int) -> None:
        """Wait until so many mails of this round are decided."""
        query = f"SELECT count(*) FROM inbox WHERE state <> 'kept' AND mail > {self._decided}"
        self._wait(query, mails)

    def wait_quiet(self, mails: int) -> None:
        """Wait until the round is decided and all its notices are sent."""
        self.wait_decided(mails)
        query = f"SELECT count(*) FROM outbox WHERE +state = 'sent' AND id > {self._row}"
        self._wait(query, self.books.number(query.replace("+state = 'sent' AND", "")))

    def check(self, sent: Sequence[Letter], notices: int = NOTICES) -> None:
        """Raise Lost unless each mail of the round made one ticket, routed, with its notices."""
        query = f"SELECT subject, held FROM ticket WHERE number > {self._ticket}"
        rows = self.books.desk(query)
        found = Counter(int(m[1]) for row in rows if (m := _NUMBER.search(row["subject"])))
        lost = [one.number for one in sent if not found[one.number]]
        doubled = [number for number, times in found.items() if times > 1]
        held = sum(1 for row in rows if row["held"])
        rows_out = self.books.number(f"SELECT count(*) FROM outbox WHERE id > {self._row}")
        if lost or doubled or len(rows) != len(sent):
            raise Lost(f"{len(sent)} mails, {len(rows)} tickets: lost {lost}, doubled {doubled}")
        if notices == NOTICES and (held or rows_out != notices * len(sent)):
            raise Lost(f"{held} of {len(sent)} held, {rows_out} notices")

    def memory_kb(self, key: str) -> int:
        """Return VmRSS or VmHWM of the process of the doors, in kB."""
        status = Path(f"/proc/{self.roles()['doors-0']}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith(key)))

    def forget_peak(self) -> None:
        """Let VmHWM of the doors start anew at what they hold now."""
        Path(f"/proc/{self.roles()['doors-0']}/clear_refs").write_text("5")

    def _wait(self, query: str, wanted: int) -> None:
        seen, since = -1, time.monotonic()
        with opened(self.books.tickets_db) as conn:
            while (now := conn.execute(query).fetchone()[0]) < wanted:
                if now > seen:
                    seen, since = now, time.monotonic()
                if time.monotonic() - since > STALL_S:
                    raise Lost(f"no progress at {now} of {wanted}: {query}")
                time.sleep(LOOK_S)  # between two looks


@contextmanager
def desk(place: Path, changes: dict[str, str] | None = None) -> Iterator[Desk]:
    """Run a daemon in `place` for the length of a block; `changes` are of its world's text."""
    place.mkdir(parents=True, exist_ok=True)
    running = Desk(place, changes)
    running.start()
    try:
        yield running
    finally:
        running.stop()

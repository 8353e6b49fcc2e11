"""A site for the benchmark: a real Postfix that pipes alarms to the hook, and an Alertmanager.

The same Postfix is our relay and hands answers back to our door. Beside the hook it has a pipe to
three words of shell, which says when a mail that was given to Postfix itself has arrived.
"""

import os
import pwd
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.monitoring.alertmanager import Alertmanager
from tests.postfix.postfix import Postfix

ROOT = Path(__file__).parents[2]
ALARMS_AT = "alarm@fzk.example"
BARE = "bare.example"
USER = "nobody"
_HOOK = """\
sites = ["FZK-LCG2"]
directory = "{directory}"
admin = ""
[helpdesk."helpdesk.example"]
keys = {{ "{kid}" = "{key}" }}
[mail]
from = "{at}"
host = "127.0.0.1"
port = {port}
tls = "off"
[[sink]]
kind = "alertmanager"
url = "{url}"
"""
_PIPES = """\
ticketgate-hook unix - n n - 4 pipe
  flags=Rq user={user} argv={deliver}
bare unix - n n - 4 pipe
  flags=Rq user={user} argv={bare} ${{user}}
"""


class Site:
    """The running site. `door` is where Postfix hands mail for the helpdesk to."""

    def __init__(self, place: Path, door: tuple[str, int]) -> None:
        self.place = place
        more = {"relay_domains": f"helpdesk.example late.example {BARE}"}
        self.postfix = Postfix(place / "postfix", door, more)
        (place / "monitoring").mkdir()
        self.monitoring = Alertmanager(place / "monitoring")
        self._file, self._arrived = place / "hook.toml", place / "arrived"
        self._arrived.mkdir()
        etc = place / "postfix" / "etc"
        program, bare = place / "ticketgate-hook", place / "bare"
        subprocess.run([sys.executable, ROOT / "packaging" / "hook_pyz.py", program], check=True)
        bare.write_text(f'#!/bin/sh\nexec cat >"{self._arrived}/$1"\n')
        bare.chmod(0o755)
        deliver = f"{program} --config {self._file} deliver"
        with (etc / "master.cf").open("a") as master:
            master.write(_PIPES.format(user=USER, deliver=deliver, bare=bare))
        with (etc / "ways").open("a") as ways:
            ways.write(f"{ALARMS_AT} ticketgate-hook:\n{BARE} bare:\n")

    def write(self, kid: str, key: str) -> None:
        """Write the hook's configuration: it believes this key."""
        spool = self.place / "spool"
        spool.mkdir(mode=0o700)
        text = _HOOK.format(
            directory=spool, kid=kid, key=key, at=ALARMS_AT, port=self.postfix.port,
            url=self.monitoring.url,
        )  # fmt: skip
        self._file.write_text(text)
        user = pwd.getpwnam(USER)
        for path in (spool, self._file, self._arrived):
            os.chown(path, user.pw_uid, user.pw_gid)

    def paged(self) -> dict[int, float]:
        """Return when Alertmanager first paged each alarm, by the number in its summary."""
        found: dict[int, float] = {}
        pages = self.monitoring.pages
        for page, at in zip(list(pages.got), list(pages.at), strict=False):
            if page["status"] == "firing":
                found.setdefault(int(page["commonAnnotations"]["summary"][-11:]), at)
        return found

    def arrived(self) -> dict[int, float]:
        """Return when each mail to the bare pipe was with its program, by number."""
        return {int(path.name): path.stat().st_mtime for path in self._arrived.iterdir()}


@contextmanager
def site(place: Path, door: tuple[str, int]) -> Iterator[Site]:
    """Run a site for the length of a block; `write` comes before the first alarm."""
    place.mkdir(parents=True)
    made = Site(place, door)
    made.monitoring.start()
    try:
        made.postfix.start()
        try:
            yield made
        finally:
            made.postfix.stop()
    finally:
        made.monitoring.close()


def share(values: Sequence[float], part: float) -> float:
    """Return the value that `part` of them do not exceed, in whole ms."""
    ordered = sorted(values)
    return 1000 * ordered[min(int(part * len(ordered)), len(ordered) - 1)]

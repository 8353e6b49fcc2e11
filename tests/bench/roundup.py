"""A peer: Roundup's classic tracker on SQLite, fed by roundup-mailgw through a pipe.

Roundup is installed into a venv of its own when it is asked for the first time.
"""

import os
import subprocess
import sys
from pathlib import Path

from bench.letters import Letter
from torture.books import opened

TIMEOUT_S = 300.0


def missing(home: Path) -> str:
    """Return why roundup cannot be measured, "" if it can."""
    if (home / "roundup" / "bin" / "roundup-mailgw").exists():
        return ""
    subprocess.run([sys.executable, "-m", "venv", home / "roundup"], check=True)
    pip = [home / "roundup" / "bin" / "pip", "install", "--quiet", "roundup>=2.6,<3"]
    done = subprocess.run(pip, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    return "" if done.returncode == 0 else "roundup is not installed and could not be"


class Tracker:
    """A tracker in `place` that knows one sender."""

    def __init__(self, place: Path, home: Path, sender: str) -> None:
        self._place, self._bin = place, home / "roundup" / "bin"
        self._env = os.environ | {"SENDMAILDEBUG": str(place.with_suffix(".out"))}
        settings = (
            "mail_domain=helpdesk.example,mail_host=127.0.0.1,tracker_web=http://127.0.0.1/x/"
        )
        self._admin("install", "classic", "sqlite", settings)
        self._admin("initialise", "benchmark")
        self._admin("create", "user", "username=bench", f"address={sender}", "roles=User")

    def pipe(self, letter: Letter) -> None:
        """Deliver a mail as an MTA's alias does."""
        self._run([self._bin / "roundup-mailgw", self._place], letter.raw)

    def subjects(self) -> list[str]:
        """Return the titles of all issues."""
        with opened(self._place / "db" / "db") as conn:
            return [row[0] for row in conn.execute("SELECT _title FROM _issue")]

    def _admin(self, *words: str) -> None:
        self._run([self._bin / "roundup-admin", "-i", self._place, *words], b"")

    def _run(self, words: list[str | Path], said: bytes) -> None:
        subprocess.run(
            words, input=said, capture_output=True, env=self._env, check=True, timeout=TIMEOUT_S
        )

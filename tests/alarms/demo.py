"""The demo of docs/demo.md in a directory of its own, and its commands as a shell runs them.

What is typed stays as it is written but for the ports. `.venv` is there by a link, `sudo` by a
program that runs what it is given, and Postfix is a test's own by MAIL_CONFIG.
"""

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

from running import DEADLINE_S, PROGRAM, until

from gateway.config.load import load
from store.listing import MailFilter, MailRow, mails
from store.visit import visit
from tests.imap.dovecot import is_there
from tests.ports import free_port
from tests.postfix.postfix import PATH, Postfix

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "demo.md"
DOOR, NAMES = "2525", "2553"
SUDO = '#!/bin/sh\nexec "$@"\n'


def blocks(heading: str, document: Path = DOCUMENT) -> list[str]:
    """Return the commands of a section of the document, a text for each of its blocks."""
    sections = re.split(r"(?m)^## ", document.read_text())
    (section,) = (text for text in sections if text.startswith(heading))
    return re.findall(r"(?ms)^```sh\n(.*?)^```$", section)


class Demo:
    """A demo as `make run` makes and serves it, on free ports."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.run = place / ".run"
        self.door = str(free_port())
        self.names = str(free_port())
        self.mta: Postfix | None = None
        self.process: subprocess.Popen[str] | None = None
        (place / ".venv").symlink_to(PROGRAM.parents[1])
        (place / "bin").mkdir()
        (place / "bin" / "sudo").write_text(SUDO)
        (place / "bin" / "sudo").chmod(0o755)
        self.typed(f".venv/bin/ticketgate init {self.run.name}")
        for file in (self.run / "config.toml", self.run / "people" / "names" / "nsd.conf"):
            text = file.read_text().replace(f":{DOOR}", f":{self.door}")
            text = re.sub(rf"(?m)^(\s*port\b.*){NAMES}$", rf"\g<1>{self.names}", text)
            file.write_text(text.replace("127.0.0.1:8025", "127.0.0.1:0"))
        hook = self.run / "site" / "hook.toml"
        hook.write_text(hook.read_text().replace(f"port = {DOOR}", f"port = {self.door}"))

    def start(self) -> None:
        """Serve it."""
        self.log = (self.place / "log").open("w")
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--config", self.run / "config.toml"],
            stdout=subprocess.PIPE, stderr=self.log, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert self.process.stdout.readline().startswith("ready "), self.tail()

    def halt(self) -> None:
        """End the daemon as an operator would."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(DEADLINE_S) == 0, self.tail()
            self.log.close()

    def stop(self) -> None:
        """End all that still runs."""
        self.halt()
        if self.mta is not None:
            self.mta.stop()
            self.mta = None
        try:
            pid = int((self.run / "people" / "names" / "nsd.pid").read_text())
            os.kill(pid, signal.SIGTERM)
        except (FileNotFoundError, ProcessLookupError):
            return
        until(lambda: not is_there(pid), "the name server ends, before its files go away")

    def typed(self, commands: str, *, good: bool = True) -> str:
        """Run commands in a shell, in the demo's directory; return what they print."""
        ports = commands.replace(f"]:{DOOR}", f"]:{self.door}")
        env = os.environ | {
            "PATH": f"{self.place}/bin:{PATH}",
            "TICKETGATE_CONFIG": ".run/config.toml",
        }
        if self.mta is not None:
            ports = ports.replace("127.0.0.1:25\n", f"127.0.0.1:{self.mta.port}\n")
            env["MAIL_CONFIG"] = str(self.mta.place / "etc")
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", ports],
            cwd=self.place, env=env, capture_output=True, text=True, check=False,
            timeout=DEADLINE_S,
        )  # fmt: skip
        assert not good or done.returncode == 0, (commands, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def story(self, ticket: int) -> dict[str, Any]:
        """Return all that is known of a ticket."""
        told: dict[str, Any] = json.loads(
            self.typed(f".venv/bin/ticketgate tickets --json {ticket}")
        )
        return told

    def decided(self, count: int) -> list[MailRow]:
        """Wait until so many mails are decided; return them, the oldest first."""
        url = load(self.run / "config.toml").store.url

        def look() -> list[MailRow]:
            with visit(url) as store:
                rows = list(mails(store, MailFilter(state="done")))
            return rows if len(rows) >= count else []

        found: list[MailRow] = until(look, f"{count} mails are decided: {self.tail()}")
        assert len(found) == count
        return sorted(found, key=lambda row: row.mail)

    def tail(self) -> str:
        """Return the end of the log."""
        return (self.place / "log").read_text()[-3000:]

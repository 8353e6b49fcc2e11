"""A daemon that runs for a test: the real program, its own directory, free ports, real stop."""

import os
import signal
import smtplib
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from store.engine import open_store
from store.tables import inbox
from tests.warm import PROGRAM, Done, run_program

SECRET = "a secret for tests only, 32 bytes"
SECRETS = {"TICKETGATE_TEST_SECRET": SECRET}
WORLD = Path(__file__).parent / "worlds" / "wlcg.toml"
DEADLINE_S = 60.0


def until(condition: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S) -> Any:
    """Wait until a condition holds and return its value; fails loudly when it never does.

    The deadline only ends what hangs: no test passes or fails by how soon something comes.
    """
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)  # between two looks at a condition
    raise AssertionError(f"not within {deadline_s:.0f} s: {what}")


class Helpdesk:
    """A daemon in `place`; `changes` are replacements in the text of `world`.

    It has `workers` processes that work, whatever the machine has: each costs a second to start,
    so only a test in which they could get into each other's way has several.
    """

    def __init__(
        self,
        place: Path,
        changes: dict[str, str] | None = None,
        workers: int = 1,
        world: Path = WORLD,
    ) -> None:
        text = world.read_text()
        named = (changes or {}).get("sqlite:///tickets.db", "")
        self.store_url = named or f"sqlite:///{place}/tickets.db"
        for old, new in (changes or {}).items():
            assert old in text, old
            text = text.replace(old, new)
        if "[work]" not in text:
            text += f"\n[work]\nprocesses = {workers}\n"
        self.place = place
        self.config = place / "config.toml"
        self.config.write_text(text)
        self.env = os.environ | SECRETS
        self.process: subprocess.Popen[str] | None = None
        self.words: dict[str, str] = {}  # of the ready line
        self.smtp = ("", 0)
        self.web = self.lmtp = ""
        self.launch: tuple[str, ...] = ()  # a program that runs the daemon, and its words
        self.fds: tuple[int, ...] = ()  # descriptors that it inherits

    def start(self) -> None:
        """Start it and wait for its ready line."""
        self.log = (self.place / "serve.log").open("a")
        self.process = subprocess.Popen(
            [*self.launch, PROGRAM, "serve", "--config", self.config],
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env=self.env,
            pass_fds=self.fds,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("ready "), (line, (self.place / "serve.log").read_text()[-2000:])
        self.words = dict(word.split("=", 1) for word in line.split()[1:])
        host, _, port = self.words.get("smtp", "").rpartition(":")
        self.smtp, self.web = (host, int(port or 0)), self.words.get("web", "")
        self.lmtp = self.words.get("lmtp", "")

    def stop(self) -> None:
        """Stop it as an operator would; it must end in order."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(timeout=DEADLINE_S) == 0, self.tail()
        self.log.close()

    def kill(self) -> None:
        """Kill -9 the supervisor; its roles must not survive it."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=DEADLINE_S)
        self.log.close()

    def roles(self) -> dict[str, int]:
        """Return the process of each role slot, e.g. {"doors-0": 4711}."""
        assert self.process is not None
        found = {}
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                title = path.read_bytes().decode(errors="replace").split()
                parent = int(path.with_name("stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue  # it ended meanwhile
            if parent == self.process.pid and title[:1] == ["ticketgate:"] and title[1:]:
                found[title[1]] = int(path.parent.name)
        return found

    def send(self, raw: bytes, to: list[str], mail_from: str = "anna@physics.example") -> str:
        """Hand a mail to the door; return its reply to the end of data."""
        with smtplib.SMTP(*self.smtp, timeout=30) as client:
            client.ehlo("client.example")
            assert client.mail(mail_from)[0] == 250
            for address in to:
                code, text = client.rcpt(address)
                if code != 250:
                    return f"{code} {text.decode()}"
            code, text = client.data(raw)
            return f"{code} {text.decode()}"

    def listing(self, *words: str) -> list[dict[str, Any]]:
        """Return the rows of a listing command."""
        done = self.typed(*words, "--json")
        assert done.code == 0, done.err
        return done.rows

    def typed(self, *words: object) -> Done:
        """Run a command of the operator's on its configuration."""
        return run_program(*words, "--config", self.config, **SECRETS)

    def settled(self, mails: int) -> list[dict[str, Any]]:
        """Wait until this many mails are decided, and return them."""

        store = open_store(self.store_url)
        decided = select(func.count()).select_from(inbox).where(inbox.c.state != "kept")

        def look() -> bool:
            with store.reading() as conn:
                return conn.execute(decided).scalar_one() >= mails

        try:
            until(look, f"{mails} mails decided")
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.tail()}") from error
        finally:
            store.close()
        return self.listing("mails")

    def outgoing(self) -> list[Path]:
        """Return the mails in the outgoing maildir."""
        return sorted((self.place / "outgoing" / "new").glob("*"))

    def tail(self) -> str:
        """Return the end of the log."""
        return (self.place / "serve.log").read_text()[-3000:]


@contextmanager
def helpdesk(
    place: Path, changes: dict[str, str] | None = None, workers: int = 1
) -> Iterator[Helpdesk]:
    """Run a daemon for the length of a block."""
    desk = Helpdesk(place, changes, workers)
    desk.start()
    try:
        yield desk
    finally:
        desk.stop()


def accepts(desk: Helpdesk) -> bool:
    """Whether its SMTP door is open: a role has its name before it listens."""
    try:
        return desk.send(b"", ["nobody@helpdesk.example"]).startswith("550")
    except OSError:
        return False


def mail(number: int, subject: str = "Trouble", text: str = "It fails.") -> bytes:
    """Return a small mail of its own."""
    return (
        f"From: Anna Adams <anna@physics.example>\r\nTo: support@helpdesk.example\r\n"
        f"Subject: {subject}\r\nMessage-ID: <{number}@physics.example>\r\n\r\n{text}\r\n"
    ).encode()
